import { expect, it } from "vitest";
import { answerInBites } from "../../../aggregator/optimise/answer-in-bites.ts";
import type { Answer, Ask, Party } from "../../../planner/community/party.ts";

it("lets other work in after each answer", async () => {
  const events: string[] = [];
  const answer: Answer<string> = {
    plan: "p",
    kept: false,
    netWh: new Float64Array(1),
    money: 0,
    missedWh: 0,
    heldBackWh: 0,
  };
  const party = (name: string): Party<string> => ({
    answer() {
      events.push(name);
      setImmediate(() => events.push("other work"));
      return answer;
    },
  });
  const ask = {} as Ask<string>;
  function* steps(): Generator<{ parties: number[]; asks: Ask<string>[] }, number, readonly Answer<string>[]> {
    const first = yield { parties: [1, 0], asks: [ask, ask] };
    const second = yield { parties: [1], asks: [ask] };
    return first.length + second.length;
  }
  expect(await answerInBites(steps(), [party("a"), party("b")])).toBe(3);
  expect(events).toEqual(["b", "other work", "a", "other work", "b", "other work"]);
});
