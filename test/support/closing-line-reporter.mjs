/** Time for the other reporters to say what failed. */
const LAST_WORDS_MS = 3_000;

/** Ends a run with one plain line of totals that any CI can read. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites } = results;
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    console.log(`\nTests: ${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`);
    // What a failed test left open keeps nobody waiting.
    if (failed > 0) setTimeout(() => process.exit(1), LAST_WORDS_MS).unref();
  }
}
