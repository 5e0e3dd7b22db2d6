import { parentPort } from "node:worker_threads";
import { homeRoom } from "../../planner/community/home-party.ts";
import type { AnswerQuestion, AnswerReply } from "./answer-threads.ts";
import { groupHome, type GroupHome } from "./group-home.ts";
import { answerLine } from "./thread-line.ts";

/** Runs in a thread of its own, started by answer-threads.ts only: holds some homes of a group and lets them answer. */
const room = homeRoom();
const homes = new Map<number, GroupHome>();

answerLine(parentPort, (question: AnswerQuestion): AnswerReply => {
  if (question.kind === "add") {
    const home = groupHome(question.member, room);
    homes.set(question.index, home);
    return { kind: "added", facts: home.facts };
  }
  return {
    kind: "answers",
    answers: question.asks.map((ask, index) => {
      const home = homes.get(question.parties[index] as number);
      if (!home) throw new RangeError(`this thread has no home ${question.parties[index]}`);
      return home.party.answer(ask);
    }),
  };
});
