// Prints what failed, then counts the steps of CI and the tests that they ran:
// node summary.mjs FOLDER STEPS-PASSED STEPS-FAILED. Exits with 1 if anything failed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const [folder, ...steps] = process.argv.slice(2);
let [passed, failed] = steps.map(Number);
let skipped = 0;

const failures = join(folder, 'failures');
if (existsSync(failures)) console.log(readFileSync(failures, 'utf8'));

/** Reports of vitest's JSON reporter, and of scripts/test-report.mjs, which have its totals only. */
for (const name of readdirSync(join(folder, 'reports'))) {
  const report = JSON.parse(readFileSync(join(folder, 'reports', name), 'utf8'));
  passed += report.numPassedTests;
  failed += report.numFailedTests;
  for (const { name: file, status, message, assertionResults } of report.testResults ?? []) {
    const path = relative('.', file);
    if (status === 'failed' && message) console.log(`\n=== FAILED: ${path}\n${message}`);
    for (const test of assertionResults) {
      if (test.status === 'failed') {
        console.log(`\n=== FAILED: ${path}: ${test.fullName}`);
        for (const trace of test.failureMessages) console.log(withoutLibraries(trace));
      } else if (test.status !== 'passed') {
        skipped++;
        console.log(`skipped: ${path}: ${test.fullName}`);
      }
    }
  }
}

console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = failed === 0 ? 0 : 1;

/** A stack trace without the frames of installed packages. */
function withoutLibraries(trace) {
  const lines = trace.split('\n');
  return lines.filter((line) => !/^ +at .*(node_modules|<anonymous>)/.test(line)).join('\n');
}
