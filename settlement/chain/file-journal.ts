import { readFileSync } from "node:fs";
import { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { writeWholeFile } from "../../core/write-whole-file.ts";
import { Pending, type TransactionJournal } from "./transaction-journal.ts";

/** In a file of mode 0600, which only one process may use. Throws AppError chain-journal-unreadable, chain-journal-not-writable. */
export function fileJournal(file: string): TransactionJournal {
  return {
    read() {
      try {
        return z.array(Pending).parse(JSON.parse(readFileSync(file, "utf8")));
      } catch (cause) {
        if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return [];
        throw new AppError("chain-journal-unreadable", `${file} with the transactions on their way: ${errorMessage(cause)}`, {
          cause,
        });
      }
    },
    write(pending) {
      try {
        writeWholeFile(file, JSON.stringify(pending), 0o600);
      } catch (cause) {
        throw new AppError("chain-journal-not-writable", `cannot write ${file}: ${errorMessage(cause)}`, { cause });
      }
    },
  };
}
