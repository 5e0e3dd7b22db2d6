import { parentPort } from "node:worker_threads";
import { answerHere } from "../../planner/community/answer-here.ts";
import { homeRoom, type HomePlan } from "../../planner/community/home-party.ts";
import { answerThreads, type AnswerThreads } from "./answer-threads.ts";
import { groupHome, groupSteps, withoutAnswers, type GroupHome, type HomeStart } from "./group-home.ts";
import { planAt } from "./plan-here.ts";
import type { PlanningQuestion, PlanningReply } from "./planning-threads.ts";
import { answerLine } from "./thread-line.ts";

/**
 * Runs in a thread of its own, started by planning-threads.ts only: plans one group after the other. The homes of a large group
 * answer in threads of their own again.
 */
const room = homeRoom();
let here: GroupHome[] = [];
let threads: AnswerThreads | undefined;
let starts: Promise<HomeStart>[] = [];
let plans: readonly HomePlan[] = [];

answerLine(parentPort, async (question: PlanningQuestion): Promise<PlanningReply> => {
  switch (question.kind) {
    case "open":
      await threads?.close();
      [here, starts, plans] = [[], [], []];
      threads = question.threads > 0 ? answerThreads(question.threads) : undefined;
      return { kind: "done" };
    case "add":
      starts.push(added(question.member));
      // What is wrong with a home is said when all of them are needed.
      starts.at(-1)?.catch(() => undefined);
      return { kind: "done" };
    case "plan": {
      const steps = groupSteps(question.task, await Promise.all(starts), () => performance.now());
      const result = await (threads
        ? threads.coordinate(steps)
        : answerHere(
            steps,
            here.map(({ party }) => party),
          ));
      plans = result.answers.map(({ plan }) => plan);
      await threads?.close();
      threads = undefined;
      return { kind: "planned", result: withoutAnswers(result) };
    }
    case "take":
      return { kind: "plans", plans: question.indices.map((index) => planAt(plans, index)) };
  }
});

async function added(member: Extract<PlanningQuestion, { kind: "add" }>["member"]): Promise<HomeStart> {
  if (threads) return threads.add(starts.length, member);
  const home = groupHome(member, room);
  here.push(home);
  return home.facts;
}
