import { extname } from "node:path";
import { AppError } from "../../core/app-error.ts";
import type { HomePlan } from "../../planner/community/home-party.ts";
import { sideBySide } from "../../planner/community/passes.ts";
import type { GroupMember, GroupResult, GroupRoom, GroupTask } from "./group-home.ts";
import { threadLine, type ThreadLine, wrongReply } from "./thread-line.ts";

/** What is asked of a thread that plans. */
export type PlanningQuestion =
  | { kind: "open"; threads: number }
  | { kind: "add"; member: GroupMember }
  | { kind: "plan"; task: GroupTask }
  | { kind: "take"; indices: readonly number[] };
export type PlanningReply =
  | { kind: "done" }
  | { kind: "planned"; result: GroupResult }
  | { kind: "plans"; plans: readonly HomePlan[] };

/** Threads that plan groups of homes, so that nothing else of the process waits for a plan. */
export interface PlanningThreads {
  /** Waits until a thread is free. @param homes how many there will be */
  open(homes: number): Promise<GroupRoom>;
  close(): Promise<void>;
}

/** Plans that are fetched at once: a thousand in one piece would hold everything else up. */
const takenAtOnce = 16;

/** In the bundle it lies beside this file too, as JavaScript. */
const program = new URL(`./planning-worker${extname(import.meta.url)}`, import.meta.url);

type Line = ThreadLine<PlanningQuestion, PlanningReply>;

/** Threads start as groups come, and stay. @param threads how many groups at a time, and how many threads for a large one; 1 or more */
export function planningThreads(threads: number): PlanningThreads {
  const idle: Line[] = [];
  const busy = new Set<Line>();
  const waiting: (() => void)[] = [];
  let closed = false;
  const line = async (): Promise<Line> => {
    while (busy.size >= threads && !closed) await new Promise<void>((resolve) => waiting.push(resolve));
    if (closed) throw new AppError("planning-thread-ended", "the aggregator stops", { temporary: true });
    const found = idle.splice(0).filter((one) => !one.hasEnded());
    const used = found.pop() ?? threadLine<PlanningQuestion, PlanningReply>(program);
    idle.push(...found);
    busy.add(used);
    return used;
  };
  const giveBack = (used: Line): void => {
    busy.delete(used);
    if (!used.hasEnded()) idle.push(used);
    waiting.shift()?.();
  };
  return {
    async open(homes) {
      const used = await line();
      // Where homes are asked one at a time, more threads have nothing to do.
      const opened = used.ask({ kind: "open", threads: sideBySide(homes) > 1 ? threads : 0 });
      await opened.catch((error: unknown) => {
        giveBack(used);
        throw error;
      });
      return groupRoom(used, () => giveBack(used));
    },
    async close() {
      closed = true;
      for (const resume of waiting.splice(0)) resume();
      await Promise.all([...idle, ...busy].map((one) => one.close()));
    },
  };
}

function groupRoom(line: Line, giveBack: () => void): GroupRoom {
  const taken = new Map<number, HomePlan>();
  let count = 0;
  return {
    async add(member) {
      count += 1;
      await line.ask({ kind: "add", member });
    },
    async plan(task) {
      const reply = await line.ask({ kind: "plan", task });
      if (reply.kind !== "planned") throw wrongReply();
      return reply.result;
    },
    async planOf(index) {
      if (!taken.has(index)) {
        const until = Math.min(count, index + takenAtOnce);
        const indices = Array.from({ length: Math.max(1, until - index) }, (_, at) => index + at);
        const reply = await line.ask({ kind: "take", indices });
        if (reply.kind !== "plans") throw wrongReply();
        for (const [at, plan] of reply.plans.entries()) taken.set(index + at, plan);
      }
      const plan = taken.get(index);
      taken.delete(index);
      if (!plan) throw wrongReply();
      return plan;
    },
    async [Symbol.asyncDispose]() {
      giveBack();
    },
  };
}
