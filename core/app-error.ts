/**
 * A failure that a program can test by `code`. A code never changes meaning once released.
 * The message names the file, line or field, what was expected and what to do.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: string;
  /** True when trying again later may help. */
  readonly temporary: boolean;
  constructor(code: string, message: string, options: { temporary?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.temporary = options.temporary ?? false;
  }
}

/** The code of an AppError anywhere in the chain of causes, or "unexpected". */
export function errorCode(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if (at instanceof AppError) return at.code;
  return "unexpected";
}

/** The message of whatever was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
