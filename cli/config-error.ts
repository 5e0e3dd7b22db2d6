import { AppError } from "../core/app-error.ts";

/** A configuration that cannot be used; `lines` say `file:line:col path message`. */
export class ConfigError extends AppError {
  readonly lines: readonly string[];
  constructor(code: "config-unreadable" | "config-not-yaml" | "config-invalid", lines: readonly string[]) {
    super(code, lines.join("\n"));
    this.lines = lines;
  }
}
