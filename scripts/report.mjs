import { reportTests } from './test-report.mjs';

/** Prints a line for each check, and how many passed at the end. */
export class Report {
  #passed = 0;
  #failed = 0;

  /**
   * Runs a check. It fails if `check` throws; what it returns, if anything, is printed beside its
   * name. Returns whether it passed.
   */
  async check(name, check) {
    try {
      const detail = await check();
      this.#passed++;
      console.log(`ok     ${name}${detail === undefined ? '' : `: ${detail}`}`);
      return true;
    } catch (error) {
      this.#failed++;
      const output = [error.stdout, error.stderr].filter(Boolean).join('\n');
      console.log(`FAILED ${name}: ${output || error.message}`);
      return false;
    }
  }

  /** Prints the count, and makes the process exit with 1 if a check failed. */
  end() {
    console.log(`${this.#passed} passed, ${this.#failed} failed`);
    reportTests(this.#passed, this.#failed);
    if (this.#failed > 0) process.exitCode = 1;
  }
}
