/** One command of `npx tonewall`. */
export interface Command {
  /** As typed: `guard`, `keys create`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Text of `--help`: usage, options, an example. */
  readonly help: string;
  /**
   * Runs with the words after the name; resolves with the exit code. Rejects with AppError for what the user can
   * mend: the message is printed on standard error, exit code 1.
   */
  run(args: readonly string[], io: CommandIo): Promise<number>;
}

export interface CommandIo {
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}
