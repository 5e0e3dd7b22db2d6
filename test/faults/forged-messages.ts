import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { acceptInstructions } from "../../agent/plan/accept-instructions.ts";
import { openInbox } from "../../agent/publish/inbox.ts";
import { controlStore } from "../../agent/store/control-store.ts";
import { openDatabase } from "../../agent/store/open-database.ts";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { createControlKey, importControlKey, signEnvelope, type ControlKey, type EnvelopeType } from "../../core/envelope.ts";
import type { OperationMode } from "../../core/setting.ts";
import { rejections } from "../../core/rejections.ts";
import { silentLog } from "../fake/silent-log.ts";
import { seededRandom } from "../fuzz/mutate.ts";
import { forge, type Loot } from "./forger.ts";

const site = "gw-1";
const goodEvery = 20;
const modes: readonly OperationMode[] = [
  { id: "off", minW: 0, maxW: 0 },
  { id: "on", minW: 2000, maxW: 2000 },
];

/**
 * Forged, replayed, stale and misdirected messages at the real inbox over a real database, good ones between them. None may
 * be acted upon, and each good one must be.
 */
export async function forgedMessages(options: { count: number; seed: number; say?: (line: string) => void }): Promise<Claim[]> {
  const random = seededRandom(options.seed);
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-forged-"));
  const db = openDatabase(join(folder, "data.db"));
  try {
    // Neither writes of this test nor its length matter to what is accepted.
    db.pragma("synchronous = OFF");
    const made = await createControlKey("control-1");
    const key = await importControlKey(made.privateJwk);
    const pinned = await importControlKey(made.publicJwk);
    const privateKey = createPrivateKey({ format: "jwk", key: made.privateJwk });
    const publicKey = createPublicKey({ format: "jwk", key: made.publicJwk });
    const own = generateKeyPairSync("ed25519");
    const ownEc = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const clock = fakeClock(Date.parse("2026-04-02T10:00:00Z"));
    const resources = new Map([
      ["boiler", modes],
      ["pump", modes],
    ]);
    let acted = 0;
    const act = (): void => void acted++;
    const inbox = openInbox({
      keys: new Map([[pinned.kid, pinned.key]]),
      site,
      clock,
      store: controlStore(db),
      rejections: rejections(silentLog(), () => 0),
      handlers: {
        heartbeat: act,
        receipt: act,
        price: act,
        settlement: act,
        instruction(body, { rest }) {
          acceptInstructions(body, rest.split("/")[1] ?? "", resources, clock.now());
          acted++;
        },
      },
    });
    const take = async (rest: string, text: string): Promise<boolean> => {
      const before = acted;
      await inbox.take({ rest, topic: `sma/1/agg/${site}/dn/${rest}`, text });
      return acted > before;
    };
    const accepted: { rest: string; text: string }[] = [];
    let seq = 1000;
    let [good, goodTaken, forged, taken] = [0, 0, 0, 0];
    const sendGood = async (): Promise<void> => {
      const resource = random() < 0.5 ? "boiler" : "pump";
      const [type, rest] = random() < 0.5 ? (["instruction", `instr/${resource}`] as const) : (["price", "price"] as const);
      const text = await goodMessage(key, type, resource, ++seq, clock.now());
      good++;
      if (!(await take(rest, text))) return;
      goodTaken++;
      accepted.push({ rest, text });
    };
    while (forged < options.count) {
      if (forged % goodEvery === 0) await sendGood();
      const loot: Loot = {
        kid: key.kid,
        site,
        nowMs: clock.now(),
        privateKey,
        publicForms: [
          Buffer.from(made.publicJwk.x ?? "", "base64url"),
          Buffer.from(publicKey.export({ format: "pem", type: "spki" })),
          publicKey.export({ format: "der", type: "spki" }),
          Buffer.from(JSON.stringify(made.publicJwk)),
        ],
        ownKey: own.privateKey,
        ownEcKey: ownEc.privateKey,
        ownJwk: own.publicKey.export({ format: "jwk" }),
        accepted: accepted.slice(-50),
        // What is refused late, such as a list for another resource, may use up its number.
        freshSeq: (seq += 2),
      };
      const forgery = forge(loot, random);
      if (!forgery) continue;
      forged++;
      if (await take(forgery.rest, forgery.text)) {
        taken++;
        options.say?.(
          `seed ${options.seed}, message ${forged}: accepted by way of "${forgery.way}": ${forgery.text.slice(0, 300)}`,
        );
      }
      if (forged % 100 === 0) await clock.advance(1000);
    }
    return [
      atMost(`forged-messages: accepted of ${forged}`, taken, 0),
      atLeast(`forged-messages: good ones accepted between them (at least), %`, (100 * goodTaken) / good, 100),
    ];
  } finally {
    db.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function goodMessage(key: ControlKey, type: EnvelopeType, resource: string, seq: number, nowMs: number): Promise<string> {
  const times = { executionTime: new Date(nowMs).toISOString(), validUntil: new Date(nowMs + 600_000).toISOString() };
  const body =
    type === "price"
      ? { n: seq }
      : { plan: randomUUID(), resource, instructions: [{ id: randomUUID(), ...times, operationModeId: "on", reason: "good" }] };
  return signEnvelope(key, { type, site, seq, nowMs, lifetimeS: 3600, body });
}
