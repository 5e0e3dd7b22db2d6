import { Writable } from "node:stream";
import { expect, it } from "vitest";
import { writeTogether } from "../../../aggregator/dispatch/write-together.ts";

/** A connection that says what it hands to the system at a time. */
function connection() {
  const calls: string[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      calls.push(chunk.toString());
      done();
    },
    writev(chunks, done) {
      calls.push(chunks.map(({ chunk }) => String(chunk)).join(""));
      done();
    },
  });
  return { stream, calls };
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

it("hands on at once what is written in one turn, in order, and in the next turn again", async () => {
  const { stream, calls } = connection();
  const together = writeTogether();
  for (const turnOf of ["abc", "def"]) {
    for (const text of turnOf) {
      together(stream);
      stream.write(text);
      await Promise.resolve();
    }
    await turn();
  }
  expect(calls).toEqual(["abc", "def"]);
});

it("holds back nothing of a connection that took another one's place", async () => {
  const [old, fresh] = [connection(), connection()];
  const together = writeTogether();
  together(old.stream);
  old.stream.write("old");
  together(fresh.stream);
  fresh.stream.write("new");
  await turn();
  fresh.stream.write("later");
  expect([old.calls, fresh.calls]).toEqual([["old"], ["new", "later"]]);
});
