import { iso } from "../../core/clock/clock.ts";
import type { Instruction, InstructionList } from "../../core/message/instruction.ts";
import type { Slot } from "../../core/slots.ts";
import type { Resource } from "../../core/message/resource.ts";
import { instructedW, isPlanned, onMode, type PlannedResource } from "../optimise/resource-modes.ts";
import type { ControlledTime } from "./agreed-resources.ts";
import { beyondControl, isAgreedTime, nextAgreedEdge, type ControlTerms } from "./beyond-control.ts";
import { controlSpans, type ListBasis } from "./control-spans.ts";
import { isOnlyTold, toldSpans } from "./store-spans.ts";

/** What was taken out of lists, and why. */
export interface CutOut extends ControlledTime {
  why: string;
}

/**
 * Lists without what goes beyond a contract, whoever made them: instructions for resources that are not in it, outside its hours,
 * blocks that are too long, events beyond the number or the hours of a day (blocks go before the windows of what needs energy).
 * Where nothing is said any more the home is by itself. An empty list takes control back and always passes. Pure.
 * @param basis.begun events of the home that have begun, running ones included
 */
export function withinControl(
  lists: readonly InstructionList[],
  terms: ControlTerms,
  basis: Omit<ListBasis, "deliveredWh"> & {
    resources: readonly Resource[];
    deliveredWh: (resource: string) => number;
    begun: readonly ControlledTime[];
  },
): { lists: InstructionList[]; cut: CutOut[] } {
  const cut: CutOut[] = [];
  const agreed = lists.flatMap((list): { list: InstructionList; resource: Resource | undefined }[] => {
    const resource = basis.resources.find((one) => one.resource === list.resource && (isPlanned(one) || isOnlyTold(one)));
    if (list.instructions.length === 0) return [{ list, resource }];
    if (!resource || !terms.control.resources.includes(list.resource)) {
      cut.push({ resource: list.resource, ...spanOf(list), why: "the resource is not in the contract" });
      return [];
    }
    const agreedList = inHours(list, terms);
    return [{ list: isPlanned(resource) ? shortBlocks(agreedList, resource, terms, cut) : agreedList, resource }];
  });
  const taken: ControlledTime[] = [...basis.begun];
  // Windows of what needs energy, then blocks, then what has no need of its own.
  const rankOf = ({ resource }: { resource: Resource | undefined }): number =>
    resource?.demand?.kind === "energy" ? 0 : resource?.demand ? 1 : 2;
  const inTurn = agreed.toSorted((one, other) => rankOf(one) - rankOf(other));
  const anyHours = { ...terms, control: { ...terms.control, hours: always } };
  const found = inTurn.map(({ list, resource }) => {
    if (!resource) return list;
    const runs = (span: Slot): boolean =>
      basis.begun.some((one) => one.resource === list.resource && one.startMs < span.endMs && span.startMs <= one.endMs);
    for (let kept = list; ;) {
      const spans = isPlanned(resource)
        ? controlSpans(resource, kept, { ...basis, deliveredWh: basis.deliveredWh(list.resource) })
        : toldSpans(resource, kept);
      const fresh = spans.filter((span) => !runs(span)).map((span) => ({ resource: list.resource, ...span }));
      const beyond = fresh.findIndex(
        (span, at) => beyondControl(anyHours, span, [...taken, ...fresh.slice(0, at)]) !== undefined,
      );
      const span = fresh[beyond];
      if (!span) {
        taken.push(...fresh);
        return kept;
      }
      cut.push({ ...span, why: beyondControl(anyHours, span, [...taken, ...fresh.slice(0, beyond)]) ?? "" });
      // What lies in broken slots around it, too. Looked at again: the one before may be made up for over more time now.
      kept = without(kept, { startMs: span.startMs - basis.slotMs, endMs: span.endMs + basis.slotMs });
    }
  });
  return { lists: lists.flatMap(({ plan }) => found.find((list) => list.plan === plan) ?? []), cut };
}

/** Instructions were cut to the hours already; an event goes on after them while energy is made up for. */
const always = { from: "00:00", until: "00:00" };

function spanOf({ instructions }: InstructionList): Slot {
  return {
    startMs: Math.min(...instructions.map(({ executionTime }) => Date.parse(executionTime))),
    endMs: Math.max(...instructions.map(({ validUntil }) => Date.parse(validUntil))),
  };
}

/** Only what is said for times within the agreed hours. */
function inHours(list: InstructionList, terms: ControlTerms): InstructionList {
  const instructions = list.instructions.flatMap((instruction) => {
    const parts: Instruction[] = [];
    const untilMs = Date.parse(instruction.validUntil);
    for (let atMs = Date.parse(instruction.executionTime); atMs < untilMs;) {
      const endMs = Math.min(untilMs, nextAgreedEdge(terms, atMs));
      if (isAgreedTime(terms, { startMs: atMs, endMs })) parts.push(during(instruction, { startMs: atMs, endMs }, parts.length));
      atMs = endMs;
    }
    return parts;
  });
  return { ...list, instructions };
}

/** Blocks end after the longest time that the contract allows. */
function shortBlocks(list: InstructionList, resource: PlannedResource, terms: ControlTerms, cut: CutOut[]): InstructionList {
  const most = terms.control.comfort?.find((bound) => bound.resource === list.resource)?.maxBlockS;
  if (most === undefined || resource.demand.kind !== "block") return list;
  const restingW = onMode(resource).powerW;
  let kept = list;
  let [beganMs, endedMs] = [-Infinity, -Infinity];
  for (const { executionTime, validUntil } of list.instructions) {
    const [startMs, endMs] = [Date.parse(executionTime), Date.parse(validUntil)];
    if ((instructedW(resource, list, startMs) ?? restingW) >= restingW) continue;
    if (startMs !== endedMs) beganMs = startMs;
    endedMs = endMs;
    const latestMs = beganMs + most * 1000;
    if (endMs <= latestMs) continue;
    const span = { startMs: Math.max(startMs, latestMs), endMs };
    cut.push({ resource: list.resource, ...span, why: `a block may last ${most} s` });
    kept = without(kept, span);
  }
  return kept;
}

/** A list that says nothing about a time. */
function without(list: InstructionList, span: Slot): InstructionList {
  const instructions = list.instructions.flatMap((instruction) => {
    const [startMs, endMs] = [Date.parse(instruction.executionTime), Date.parse(instruction.validUntil)];
    if (endMs <= span.startMs || startMs >= span.endMs) return [instruction];
    return [
      { startMs, endMs: span.startMs },
      { startMs: span.endMs, endMs },
    ].flatMap((rest, part) => (rest.startMs < rest.endMs ? [during(instruction, rest, part)] : []));
  });
  return { ...list, instructions };
}

/** A part of an instruction; its id stays but for a number in its last digits, so that ids are not used twice. */
function during(instruction: Instruction, { startMs, endMs }: Slot, part: number): Instruction {
  const id = part === 0 ? instruction.id : numbered(instruction.id, part);
  return { ...instruction, id, executionTime: iso(startMs), validUntil: iso(endMs) };
}

/** Another uuid that follows from this one. */
const numbered = (id: string, part: number): string => {
  const last = (Number.parseInt(id.slice(-4), 16) + part) % 0x1_0000;
  return `${id.slice(0, -4)}${last.toString(16).padStart(4, "0")}`;
};
