import { extname } from "node:path";
import type { Feeder } from "../../planner/community/board.ts";
import { homeParty, homeRoom, priceScale, type HomePlan } from "../../planner/community/home-party.ts";
import {
  roundDesk,
  type DeskOffer,
  type DeskPrognosis,
  type RoundDesk,
  type ToldSlots,
} from "../../planner/community/round-desk.ts";
import { homeOf } from "../../planner/home-of.ts";
import type { GroupMember } from "../optimise/group-home.ts";
import { threadLine, type ThreadLine, wrongReply } from "../optimise/thread-line.ts";
import type { FlexPlanner } from "./flex-desk.ts";

/** What flexibility is offered for. */
export interface OfferTerms {
  /** Share of the cost on top, such as 0.1. */
  margin: number;
  /** Not less for each kWh that is moved, micro-units. */
  leastPerKwh: bigint;
}

/** What rounds are answered for, apart from the homes. */
export interface RoundTask {
  /** The desk's name in its thread, and until when it is needed, ms. */
  name: string;
  untilMs: number;
  hours: Float64Array;
  /** In the order of the homes. */
  sites: readonly string[];
  feeders: readonly Feeder[];
  terms: OfferTerms;
  told: ToldSlots;
  /** Length of a told slot, hours. */
  slotHours: number;
  /** One answer may take so long. */
  mostMs: number;
}

type Round = Parameters<RoundDesk<unknown>["answer"]>[0];
type Room = Parameters<RoundDesk<unknown>["fit"]>[0];
/** An offer without the homes' plans. */
type Told = Pick<DeskOffer<unknown>, "powerW" | "price" | "whole">;

/** What is asked of the thread that answers rounds. */
export type RoundQuestion =
  | { kind: "home"; member: GroupMember }
  | { kind: "open"; task: RoundTask; nowMs: number }
  | { kind: "answer"; name: string; round: Round }
  | { kind: "fit"; name: string; room: Room };
export type RoundReply = { kind: "done" } | { kind: "prognosis"; prognosis: DeskPrognosis } | { kind: "offer"; offer: Told };

/** The desk of some homes. @param nowMs a clock that never jumps, ms @throws AppError of a problem that is none */
export function homesDesk(members: readonly GroupMember[], task: RoundTask, nowMs: () => number): RoundDesk<HomePlan> {
  const homes = members.map(({ problem: { previous: _, ...fresh } }) => homeOf(fresh));
  const room = homeRoom();
  return roundDesk(
    {
      parties: homes.map((home, index) => homeParty(home, members[index]?.seed ?? index, room)),
      portfolio: {
        community: {
          hours: task.hours,
          parties: task.sites.map((site) => ({ name: site, curtailedBeforeWh: 0 })),
          feeders: task.feeders,
          scale: priceScale(homes),
          seed: 1,
          keepWithin: 0,
        },
        nowMs,
        mostMs: task.mostMs,
      },
    },
    task.slotHours,
    task.terms.margin,
    { leastPerKwh: task.terms.leastPerKwh, told: task.told },
  );
}

/** Where homes answer rounds: in a thread, so that nothing else of the process waits for them. */
export interface RoundThread {
  /** @throws AppError of a problem that is none; planning-thread-ended, temporary */
  open(members: readonly GroupMember[], task: RoundTask, nowMs: number): Promise<FlexPlanner>;
  close(): Promise<void>;
}

/** In the bundle it lies beside this file too, as JavaScript. */
const program = new URL(`./round-worker${extname(import.meta.url)}`, import.meta.url);

/** One thread for all desks; it starts with the first. */
export function roundThread(): RoundThread {
  let line: ThreadLine<RoundQuestion, RoundReply> | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const running = (): ThreadLine<RoundQuestion, RoundReply> => {
    if (!line || line.hasEnded()) line = threadLine<RoundQuestion, RoundReply>(program);
    return line;
  };
  const opened = async (members: readonly GroupMember[], task: RoundTask, nowMs: number): Promise<FlexPlanner> => {
    const { name } = task;
    const mine = running();
    for (const member of members) await mine.ask({ kind: "home", member });
    const reply = await mine.ask({ kind: "open", task, nowMs });
    if (reply.kind !== "prognosis") throw wrongReply();
    const offer = async (question: RoundQuestion): Promise<Told> => {
      const told = await mine.ask(question);
      if (told.kind !== "offer") throw wrongReply();
      return told.offer;
    };
    return {
      prognosis: () => reply.prognosis,
      answer: (round) => offer({ kind: "answer", name, round }),
      fit: (room) => offer({ kind: "fit", name, room }),
    };
  };
  return {
    // One after the other: the homes of two desks must not mix.
    open(...asked) {
      const mine = turn.then(() => opened(...asked));
      turn = mine.catch(() => undefined);
      return mine;
    },
    async close() {
      await line?.close();
    },
  };
}
