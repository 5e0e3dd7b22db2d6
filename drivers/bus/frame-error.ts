import { AppError } from "../../core/app-error.ts";

/** What a meter that was asked said cannot be believed; its bytes are kept (bounded) for diagnosis. */
export class FrameError extends AppError {
  /** As they came; empty where nothing did. */
  readonly bytes: Uint8Array;
  constructor(code: string, message: string, bytes: Uint8Array, options: { temporary?: boolean; cause?: unknown } = {}) {
    super(code, message, options);
    this.bytes = bytes;
  }
}
