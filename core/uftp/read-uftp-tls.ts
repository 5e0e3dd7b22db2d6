import { readFileSync } from "node:fs";
import { AppError, errorMessage } from "../app-error.ts";
import type { UftpTls } from "./uftp-endpoint.ts";

/** Reads certificates. @throws AppError uftp-tls-unreadable */
export function readUftpTls({ certFile, keyFile, caFile }: { certFile: string; keyFile: string; caFile: string }): UftpTls {
  const read = (file: string): string => {
    try {
      return readFileSync(file, "utf8");
    } catch (cause) {
      throw new AppError("uftp-tls-unreadable", `${file} cannot be read: ${errorMessage(cause)}`, { cause });
    }
  };
  return { cert: read(certFile), key: read(keyFile), ca: read(caFile) };
}
