import { parentPort } from "node:worker_threads";
import { AppError } from "../../core/app-error.ts";
import type { HomePlan } from "../../planner/community/home-party.ts";
import type { DeskOffer, RoundDesk } from "../../planner/community/round-desk.ts";
import type { GroupMember } from "../optimise/group-home.ts";
import { answerLine } from "../optimise/thread-line.ts";
import { homesDesk, type RoundQuestion, type RoundReply } from "./round-room.ts";

/** Runs in a thread of its own, started by round-room.ts only: answers the rounds of a grid operator for the homes of its points. */
const desks = new Map<string, { desk: RoundDesk<HomePlan>; untilMs: number }>();
let members: GroupMember[] = [];

answerLine(parentPort, (question: RoundQuestion): RoundReply => {
  switch (question.kind) {
    case "home":
      members.push(question.member);
      return { kind: "done" };
    case "open": {
      const { task, nowMs } = question;
      const mine = members;
      members = [];
      for (const [name, { untilMs }] of desks) if (untilMs <= nowMs) desks.delete(name);
      const desk = homesDesk(mine, task, () => performance.now());
      desks.set(task.name, { desk, untilMs: task.untilMs });
      return { kind: "prognosis", prognosis: desk.prognosis() };
    }
    case "answer":
      return { kind: "offer", offer: told(deskOf(question.name).answer(question.round)) };
    case "fit":
      return { kind: "offer", offer: told(deskOf(question.name).fit(question.room)) };
  }
});

function deskOf(name: string): RoundDesk<HomePlan> {
  const found = desks.get(name);
  if (!found) throw new AppError("flex-no-portfolio", `no homes are read for ${name}`);
  return found.desk;
}

const told = ({ powerW, price, whole }: DeskOffer<HomePlan>) => ({ powerW, price, whole });
