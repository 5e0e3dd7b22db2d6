import { extname } from "node:path";
import type { HomePlan } from "../../planner/community/home-party.ts";
import type { Answer, Ask } from "../../planner/community/party.ts";
import type { Coordination } from "../../planner/community/passes.ts";
import type { GroupMember, HomeStart } from "./group-home.ts";
import { threadLine, type ThreadLine, wrongReply } from "./thread-line.ts";

/** What is asked of a thread that holds homes. */
export type AnswerQuestion =
  | { kind: "add"; index: number; member: GroupMember }
  | { kind: "answer"; parties: readonly number[]; asks: readonly Ask<HomePlan>[] };
export type AnswerReply = { kind: "added"; facts: HomeStart } | { kind: "answers"; answers: readonly Answer<HomePlan>[] };

const program = new URL(`./answer-worker${extname(import.meta.url)}`, import.meta.url);

/** Homes of one group in threads of their own: home i in thread i modulo their number. */
export interface AnswerThreads {
  add(index: number, member: GroupMember): Promise<HomeStart>;
  /** Takes a coordination through, each batch answered by all threads at once. */
  coordinate<Result>(steps: Coordination<HomePlan, Result>): Promise<Result>;
  close(): Promise<void>;
}

export function answerThreads(count: number): AnswerThreads {
  const lines = Array.from({ length: count }, () => threadLine<AnswerQuestion, AnswerReply>(program));
  const lineOf = (party: number): ThreadLine<AnswerQuestion, AnswerReply> => {
    const line = lines[party % count];
    if (!line) throw new RangeError("there is no thread");
    return line;
  };
  const answersTo = async (parties: readonly number[], asks: readonly Ask<HomePlan>[]): Promise<Answer<HomePlan>[]> => {
    const answers: Answer<HomePlan>[] = [];
    await Promise.all(
      lines.map(async (line, thread) => {
        const places = [...parties.keys()].filter((place) => (parties[place] as number) % count === thread);
        if (places.length === 0) return;
        const reply = await line.ask({
          kind: "answer",
          parties: places.map((place) => parties[place] as number),
          asks: places.map((place) => asks[place] as Ask<HomePlan>),
        });
        if (reply.kind !== "answers") throw wrongReply();
        for (const [index, place] of places.entries()) answers[place] = reply.answers[index] as Answer<HomePlan>;
      }),
    );
    return answers;
  };
  return {
    async add(index, member) {
      const reply = await lineOf(index).ask({ kind: "add", index, member });
      if (reply.kind !== "added") throw wrongReply();
      return reply.facts;
    },
    async coordinate(steps) {
      let next = steps.next();
      while (!next.done) next = steps.next(await answersTo(next.value.parties, next.value.asks));
      return next.value;
    },
    close: async () => void (await Promise.all(lines.map((line) => line.close()))),
  };
}
