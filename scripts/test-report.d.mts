export function reportTests(passed: number, failed: number): void;
