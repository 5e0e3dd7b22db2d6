import { createReadStream } from "node:fs";
import { AppError, errorMessage } from "../core/app-error.ts";

/**
 * All bytes of a file, or of standard input for "-", however slowly they come.
 * @param mostBytes what is longer is refused before it fills the memory
 * @param advice what to do then
 * @throws AppError input-unreadable
 */
export async function readInput(
  file: string,
  mostBytes: number,
  advice = `give it in pieces, such as \`head -c ${mostBytes} FILE\``,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of file === "-" ? process.stdin : createReadStream(file)) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk), "latin1");
      chunks.push(bytes);
      length += bytes.length;
      if (length > mostBytes) break;
    }
  } catch (cause) {
    throw new AppError("input-unreadable", `${file} cannot be read (${errorMessage(cause)})`, { cause });
  }
  if (length > mostBytes) throw new AppError("input-unreadable", `${file} has more than ${mostBytes} bytes; ${advice}`);
  return Buffer.concat(chunks);
}
