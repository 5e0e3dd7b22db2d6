import { iso } from "../../core/clock/clock.ts";
import type { ChainEvent } from "../chain/chain-events.ts";
import type { AuditCause } from "./journal.ts";

/** How long a signer that was rotated out stays good for service periods of before; WINDOW in the contract. */
const windowS = 30 * 86_400;

interface Life {
  owner: string;
  sinceS: number;
  /** When it ceased to be the signer. */
  untilS: number;
  revokedS: number;
}

/** Whose key could sign when, as the registry's events tell it. */
export interface KeyHistory {
  /** Whether a key is the owner's own or ever was its signer. */
  belongs(key: string, owner: string): boolean;
  /** Why a party may not have a record with this service period; undefined where it may. Unix seconds. */
  objectPeriod(owner: string, startS: number, endS: number): Objection | undefined;
  /**
   * Why a signature does not count for a record that was logged at a time, by the rules of the contract: by the owner's own
   * key; by its signer of that time; by one that was rotated out less than 30 days before and after the period's end.
   */
  objectSigner(owner: string, signer: string, endS: number, loggedS: number): Objection | undefined;
}

export interface Objection {
  cause: AuditCause;
  detail: string;
}

export function keyHistory(events: readonly ChainEvent[]): KeyHistory {
  const parties = new Map<string, { sinceS: number; untilS: number }>();
  const keys = new Map<string, Life>();
  for (const event of events) {
    if (event.name === "PartySet") {
      const { owner, signer, sinceS, untilS, timeS } = event;
      parties.set(owner, { sinceS, untilS });
      if (signer && !keys.has(signer)) keys.set(signer, { owner, sinceS: timeS, untilS: Infinity, revokedS: Infinity });
    } else if (event.name === "KeyEnded") {
      const life = keys.get(event.signer);
      if (!life) continue;
      life.untilS = event.untilS;
      if (event.revoked) life.revokedS = event.timeS;
    }
  }
  return {
    belongs: (key, owner) => key === owner || keys.get(key)?.owner === owner,
    objectPeriod(owner, startS, endS) {
      const party = parties.get(owner);
      if (!party) return { cause: "party-unregistered", detail: `${owner} was never registered` };
      if (startS >= party.sinceS && endS <= party.untilS) return undefined;
      const until = party.untilS > lastS ? "" : ` until ${at(party.untilS)}`;
      return { cause: "party-unregistered", detail: `${owner} is registered only from ${at(party.sinceS)}${until}` };
    },
    objectSigner(owner, signer, endS, loggedS) {
      if (signer === owner) return undefined;
      const key = keys.get(signer);
      const over = (detail: string): Objection => ({
        cause: "signer-over",
        detail: `signed for ${owner} by ${signer}, ${detail}`,
      });
      if (key?.owner !== owner)
        return { cause: "signer-foreign", detail: `signed for ${owner} by ${signer}, which never was its key` };
      if (loggedS < key.sinceS) return over(`which became its signer only at ${at(key.sinceS)}, after the log had the record`);
      if (loggedS < key.untilS) return undefined;
      if (key.revokedS <= loggedS) return over(`which was revoked at ${at(key.revokedS)}, before the log had the record`);
      if (endS > key.untilS) return over(`which was rotated out at ${at(key.untilS)}, before the period ended`);
      if (loggedS > key.untilS + windowS) return over(`which was rotated out more than 30 days before the log had the record`);
      return undefined;
    },
  };
}

/** The last second that can be written as a date. */
const lastS = 8.64e12;
const at = (seconds: number): string => iso(Math.min(seconds, lastS) * 1000);
