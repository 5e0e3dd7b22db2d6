import { type MessagePort, Worker } from "node:worker_threads";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";

/** A thread that answers questions, in their order. */
export interface ThreadLine<Question, Reply> {
  /** @throws AppError of the thread's own, or planning-thread-ended, temporary */
  ask(question: Question): Promise<Reply>;
  hasEnded(): boolean;
  close(): Promise<void>;
}

type Outcome = { reply: unknown } | { failed: { code: string; message: string } };

/**
 * Starts a thread; it keeps no process alive while nothing is asked of it.
 * @param program of the thread
 */
export function threadLine<Question, Reply>(program: URL): ThreadLine<Question, Reply> {
  const worker = new Worker(program);
  worker.unref();
  const asked: PromiseWithResolvers<Reply>[] = [];
  let over = false;
  const end = (cause: unknown): void => {
    over = true;
    const why = cause === undefined ? "" : `: ${errorMessage(cause)}`;
    for (const { reject } of asked.splice(0))
      reject(new AppError("planning-thread-ended", `a thread that plans ended${why}`, { temporary: true, cause }));
  };
  worker.on("message", (outcome: Outcome) => {
    const waiting = asked.shift();
    if (asked.length === 0) worker.unref();
    if ("failed" in outcome) waiting?.reject(new AppError(outcome.failed.code, outcome.failed.message));
    else waiting?.resolve(outcome.reply as Reply);
  });
  worker.on("error", end);
  worker.on("exit", () => end(undefined));
  return {
    ask(question) {
      const waiting = Promise.withResolvers<Reply>();
      asked.push(waiting);
      if (over) end(undefined);
      else {
        worker.ref();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        worker.postMessage(question);
      }
      return waiting.promise;
    },
    hasEnded: () => over,
    close: async () => void (await worker.terminate()),
  };
}

/** What is said where a thread answers something else than was asked: a mistake in the program. */
export const wrongReply = (): AppError =>
  new AppError("planning-thread-ended", "a thread answered something else than was asked");

/** The thread's side: answers one question after the other. Its program has no port where it is no thread. */
export function answerLine(port: MessagePort | null, answer: (question: never) => unknown): void {
  let before: Promise<unknown> = Promise.resolve();
  port?.on("message", (question: unknown) => {
    before = before.then(async () => {
      let outcome: Outcome;
      try {
        outcome = { reply: await answer(question as never) };
      } catch (error) {
        outcome = { failed: { code: errorCode(error), message: errorMessage(error) } };
      }
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
      port.postMessage(outcome);
    });
  });
}
