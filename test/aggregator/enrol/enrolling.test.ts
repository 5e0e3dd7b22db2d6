import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import {
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import { certificateRequest, newClientKey } from "../../../agent/enrol/certificate-request.ts";
import { enrol, eraseAtAggregator, renewEnrolment } from "../../../agent/enrol/enrol.ts";
import { dropOldKeys } from "../../../agent/enrol/enrolment-folder.ts";
import { askEnrolment, pinnedAuthority } from "../../../agent/enrol/enrolment-client.ts";
import { triesPerMinute } from "../../../aggregator/enrol/guess-limit.ts";
import { errorCode } from "../../../core/app-error.ts";
import { formatEnrolCode, parseEnrolCode } from "../../../core/enrol-code.ts";
import { EnrolAnswer } from "../../../core/message/enrolment.ts";
import { writeGateway } from "../../cli/gateway-files.ts";
import { certificateAuthority } from "../../fake/certificates.ts";
import { enrollingAggregator } from "../../fake/enrolling-aggregator.ts";
import { peer } from "../../fake/peer.ts";
import { runCli, startCli } from "../../fake/run-cli.ts";
import { scratch } from "../../fake/scratch.ts";
import { until } from "../../fake/until.ts";

const openssl = peer("openssl");
const authorityIn = (folder: string, name?: string) => certificateAuthority(openssl ?? "", folder, name);
const site = "gw-1";

describe.skipIf(!openssl)("enrolment over real HTTPS", { timeout: 120_000 }, () => {
  const open = async (enrolment: object = {}) => {
    const authority = authorityIn(scratch("ca"));
    const aggregator = await enrollingAggregator({ authority, sites: [site, "gw-2"], enrolment });
    const state = join(scratch("state"), "agent");
    const rows = (sql: string): unknown[] => {
      const db = new Database(aggregator.databaseFile, { readonly: true });
      try {
        return db.prepare(sql).all();
      } finally {
        db.close();
      }
    };
    return { authority, aggregator, state, rows };
  };
  const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "done").catch(errorCode);
  const inForce = (state: string): string => readlinkSync(join(state, "enrolment", "current"));

  it("stores a code as a hash with its end and its site, and never the code", async () => {
    const { aggregator, rows } = await open();
    const before = Date.now();
    const { secret } = parseEnrolCode(await aggregator.codeFor(site, "--valid", "90m"));
    expect(Buffer.from(secret, "base64url").length * 8).toBeGreaterThanOrEqual(128);
    const [row] = rows("select * from enrolment_code") as { hash: string; site: string; expires_ms: number; serial: null }[];
    expect(row).toMatchObject({ hash: createHash("sha256").update(secret).digest("hex"), site, serial: null });
    expect(Math.round(((row?.expires_ms ?? 0) - before) / 60_000)).toBe(90);
    expect(readFileSync(aggregator.databaseFile).includes(secret)).toBe(false);
  });

  it("forgets unused codes a month after they ran out, and those that were used never", async () => {
    const { aggregator, state, rows } = await open();
    await enrol(state, await aggregator.codeFor(site));
    for (let code = 0; code < 2; code++) await aggregator.codeFor("gw-2");
    const day = 86_400_000;
    const db = new Database(aggregator.databaseFile);
    db.prepare("update enrolment_code set expires_ms = ? where serial is not null").run(Date.now() - 300 * day);
    const age = db.prepare(
      "update enrolment_code set expires_ms = ? where hash = (select hash from enrolment_code where site = ? limit 1)",
    );
    age.run(Date.now() - 31 * day, "gw-2");
    db.prepare("update enrolment_code set expires_ms = ? where site = ? and expires_ms > ?").run(
      Date.now() - 29 * day,
      "gw-2",
      Date.now(),
    );
    db.close();
    await aggregator.restart();
    expect(rows("select site, serial is not null as used from enrolment_code order by site")).toEqual([
      { site, used: 1 },
      { site: "gw-2", used: 0 },
    ]);
  });

  it("gives a certificate for client authentication only, no longer good than its authority, and records its number", async () => {
    const { aggregator, state, rows } = await open();
    await enrol(state, await aggregator.codeFor(site));
    const certificate = new X509Certificate(readFileSync(join(state, "enrolment", "current", "client.crt")));
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
    expect(certificate.ca).toBe(false);
    expect(Math.round((Date.parse(certificate.validTo) - Date.now()) / 86_400_000)).toBe(1);
    expect(rows("select serial, site from certificate")).toEqual([{ serial: certificate.serialNumber.toLowerCase(), site }]);
  });

  it.each<[string, (code: string, aggregator: { codeFor: (site: string) => Promise<string> }) => string, string]>([
    ["a code of nobody", (code) => changed(code, { secret: "A".repeat(32) }), "enrol-code-unknown"],
    ["a code that is cut off", (code) => code.slice(0, -20), "enrol-bad-code"],
    ["a code for another name", (code) => changed(code, { site: "gw-2" }), "enrol-bad-request"],
    ["a server that is not the pinned one", (code) => changed(code, { fingerprint: "A".repeat(43) }), "enrol-untrusted-server"],
    ["an address where nobody is", (code) => changed(code, { url: "https://127.0.0.1:9" }), "enrol-unreachable"],
    [
      "an address that is not in the server's certificate",
      (code) => code.replace("127.0.0.1", "localhost"),
      "enrol-untrusted-server",
    ],
  ])("refuses %s and leaves the code good", async (_, change, expected) => {
    const { aggregator, state } = await open();
    const code = await aggregator.codeFor(site);
    expect(await codeOf(enrol(state, change(code, aggregator)))).toBe(expected);
    expect(existsSync(join(state, "enrolment", "current"))).toBe(false);
    expect(await codeOf(enrol(state, code))).toBe("done");
  });

  it("refuses a code that ran out, one whose site has gone, and one that was revoked", async () => {
    const { aggregator, state, rows } = await open();
    const [late, revoked] = [await aggregator.codeFor(site), await aggregator.codeFor("gw-2")];
    const db = new Database(aggregator.databaseFile);
    db.prepare("update enrolment_code set expires_ms = ? where site = ?").run(Date.now(), site);
    db.close();
    await runCli(["aggregator", "revoke", "gw-2", "-c", aggregator.configFile]);
    const fresh = await aggregator.codeFor(site);
    writeFileSync(aggregator.configFile, readFileSync(aggregator.configFile, "utf8").replace(`  ${site}: {}\n`, ""));
    await aggregator.restart();
    expect(await codeOf(enrol(state, late))).toBe("enrol-unknown-site");
    expect(await codeOf(enrol(state, revoked))).toBe("enrol-code-unknown");
    expect(await codeOf(enrol(state, fresh))).toBe("enrol-unknown-site");
    writeFileSync(
      aggregator.configFile,
      readFileSync(aggregator.configFile, "utf8").replace("sites:\n", `sites:\n  ${site}: {}\n`),
    );
    await aggregator.restart();
    expect(await codeOf(enrol(state, late))).toBe("enrol-code-expired");
    expect(await codeOf(enrol(state, fresh))).toBe("done");
    expect(rows("select count(*) as n from certificate")).toEqual([{ n: 1 }]);
  });

  it("gives one certificate for a code, however many ask at once, and the loser nothing", async () => {
    const { aggregator, rows } = await open();
    const code = await aggregator.codeFor(site);
    const states = Array.from({ length: 8 }, (_, at) => join(scratch("state"), String(at)));
    const results = await Promise.all(states.map((state) => codeOf(enrol(state, code))));
    expect(results.toSorted()).toEqual(["done", ...Array.from({ length: 7 }, () => "enrol-code-used")]);
    expect(rows("select site from certificate")).toEqual([{ site }]);
  });

  it("gives the same certificate again to who holds its key, and to nobody else", async () => {
    const { aggregator, authority } = await open();
    const { url, fingerprint, secret } = parseEnrolCode(await aggregator.codeFor(site));
    const server = { url, ca: await pinnedAuthority(url, fingerprint) };
    expect(server.ca.trim()).toBe(new X509Certificate(readFileSync(authority.caFile)).toString().trim());
    const key = newClientKey();
    const ask = async (keyPem: string): Promise<string> => {
      const body = { v: 1, code: secret, csr: await certificateRequest(keyPem, site) };
      return (await askEnrolment(server, { path: "/enrol", body, schema: EnrolAnswer })).certificate;
    };
    const given = await ask(key);
    expect(await ask(key)).toBe(given);
    expect(await codeOf(ask(newClientKey()))).toBe("enrol-code-used");
  });

  it("uses a code once over kill -9 of the aggregator: who tries again gets in, and one certificate is recorded", async () => {
    const { aggregator, rows } = await open();
    const codes = [0, 5, 15, 30].map(async (delayMs) => ({ delayMs, code: await aggregator.codeFor(site) }));
    const rounds = await Promise.all(codes);
    await aggregator.stop();
    const begin = async () => {
      const running = startCli(["aggregator", "run", "-c", aggregator.configFile]);
      onTestFinished(() => void running.child.kill("SIGKILL"));
      await until("the aggregator is up", () => running.lines.some((line) => line.includes('"ready"')), 20_000);
      return running;
    };
    let recorded = 0;
    let running = await begin();
    for (const { delayMs, code } of rounds) {
      const state = join(scratch("killed"), "agent");
      const first = codeOf(enrol(state, code));
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      running.child.kill("SIGKILL");
      await running.ended;
      // Whoever had the answer before the kill is enrolled; the code is used then.
      const answered = (await first) === "done";
      running = await begin();
      expect(await codeOf(enrol(state, code))).toBe(answered ? "enrol-code-used" : "done");
      recorded++;
      expect(rows("select count(*) as n from certificate")).toEqual([{ n: recorded }]);
      expect(rows("select count(*) as n from enrolment_code where serial in (select serial from certificate)")).toEqual([
        { n: recorded },
      ]);
      expect(await codeOf(enrol(join(scratch("thief"), "agent"), code))).toBe("enrol-code-used");
    }
    running.child.kill("SIGKILL");
    await running.ended;
  });

  it("lets an address guess so often a minute and no more", async () => {
    const { aggregator, state } = await open();
    const code = await aggregator.codeFor(site);
    const wrong = changed(code, { secret: "B".repeat(32) });
    for (let tries = 0; tries < triesPerMinute.each; tries++)
      expect(await codeOf(enrol(state, wrong))).toBe("enrol-code-unknown");
    expect(await codeOf(enrol(state, wrong))).toBe("enrol-too-many-tries");
    expect(await codeOf(enrol(state, code))).toBe("enrol-too-many-tries");
  });

  it("keeps what was in force when another enrolment fails, and replaces it in one step when it succeeds", async () => {
    const { aggregator, state } = await open();
    await enrol(state, await aggregator.codeFor(site));
    const before = inForce(state);
    const again = await aggregator.codeFor(site);
    expect(await codeOf(enrol(state, changed(again, { secret: "C".repeat(32) })))).toBe("enrol-code-unknown");
    expect(inForce(state)).toBe(before);
    expect((await renewEnrolment(state, { now: false, nowMs: Date.now() })).renewed).toBe(false);
    // The key of the try that failed is used by the next one.
    const left = readdirSync(join(state, "enrolment")).filter((name) => name !== "current" && name !== before);
    await enrol(state, again);
    expect([inForce(state)]).toEqual(left);
    expect(readdirSync(join(state, "enrolment")).toSorted()).toEqual(["current", ...left].toSorted());
  });

  it("believes no key of the enrolment before, also where it was killed right after the new one was in force", async () => {
    const { aggregator, state } = await open();
    await enrol(state, await aggregator.codeFor(site));
    // What cannot be removed as a file ends the command where kill -9 may.
    const ring = join(state, "control-keys.json");
    mkdirSync(join(ring, "in-the-way"), { recursive: true });
    expect(await codeOf(enrol(state, await aggregator.codeFor(site)))).not.toBe("done");
    const now = inForce(state);
    rmSync(ring, { recursive: true });
    writeFileSync(ring, '{"v":1,"added":[],"dropped":{"of-before":1}}');
    dropOldKeys(state);
    expect([existsSync(ring), inForce(state)]).toEqual([false, now]);
    writeFileSync(ring, '{"v":1,"added":[],"dropped":{"since":1}}');
    dropOldKeys(state);
    await renewEnrolment(state, { now: true, nowMs: Date.now() });
    dropOldKeys(state);
    expect(existsSync(ring)).toBe(true);
  });

  it("renews by the present certificate where a third of its time is left, with a new key and the same control keys", async () => {
    const { aggregator, state } = await open({ certificate_days: 1 });
    await enrol(state, await aggregator.codeFor(site));
    const read = (file: string): string => readFileSync(join(state, "enrolment", "current", file), "utf8");
    const [key, enrolment] = [read("client.key"), read("enrolment.json")];
    const nowMs = Date.now() + 17 * 3_600_000;
    expect(await renewEnrolment(state, { now: false, nowMs })).toMatchObject({ renewed: true, gatewayId: site });
    expect(read("client.key")).not.toBe(key);
    expect(read("enrolment.json")).toBe(enrolment);
    expect(await codeOf(renewEnrolment(state, { now: false, nowMs: nowMs + 86_400_000 }))).toBe("enrol-expired");
  });

  it("leaves key and certificate that fit, whenever the command is killed", async () => {
    const { aggregator, state } = await open();
    await enrol(state, await aggregator.codeFor(site));
    const config = writeGateway(dirname(state), { aggregator: { enrolled: true }, storage: { path: "agent/data.db" } });
    for (const delayMs of [250, 350, 450, 550, 700, 900]) {
      const renewal = startCli(["enrol", "--renew", "--now", "-c", config]);
      const timer = setTimeout(() => renewal.child.kill("SIGKILL"), delayMs);
      await renewal.ended;
      clearTimeout(timer);
      const [key, certificate] = ["client.key", "client.crt"].map((file) =>
        readFileSync(join(state, "enrolment", "current", file)),
      );
      const inUse = new X509Certificate(certificate ?? "");
      expect(inUse.checkPrivateKey(createPrivateKey(key ?? ""))).toBe(true);
    }
    expect((await runCli(["enrol", "--renew", "--now", "-c", config])).code).toBe(0);
    expect(readdirSync(join(state, "enrolment"))).toHaveLength(2);
  });

  it.skipIf(process.getuid?.() !== 0)("gives what root enrols to the user whose state folder it is", async () => {
    const { aggregator, state } = await open();
    mkdirSync(state);
    chownSync(state, 65_534, 65_534);
    await enrol(state, await aggregator.codeFor(site));
    const at = join(state, "enrolment");
    const paths = [at, join(at, inForce(state)), ...readdirSync(join(at, "current")).map((file) => join(at, "current", file))];
    expect(paths.map((path) => statSync(path).uid)).toEqual(paths.map(() => 65_534));
  });

  it("makes no certificate in the aggregator's own name", async () => {
    const authority = authorityIn(scratch("ca"));
    const aggregator = await enrollingAggregator({ authority, sites: ["aggregator"] });
    await expect(aggregator.codeFor("aggregator")).rejects.toThrow("enrol-reserved-name");
  });

  it("erases again for who asks again, and for nobody whose certificate is from before a new enrolment", async () => {
    const { aggregator, state, rows } = await open();
    await enrol(state, await aggregator.codeFor(site));
    const nothing = {
      item: 0,
      gap: 0,
      run: 0,
      resource: 0,
      status: 0,
      gateway_config: 0,
      plan: 0,
      traded: 0,
      fill: 0,
      flex_event: 0,
      curtailment: 0,
      thinned: 0,
    };
    expect(await eraseAtAggregator(state)).toEqual(nothing);
    expect(await eraseAtAggregator(state)).toEqual(nothing);
    expect(rows("select site from erasure")).toHaveLength(2);
    const db = new Database(aggregator.databaseFile);
    db.prepare("insert into status (site, resource, body) values (?, 'boiler', '{}')").run(site);
    db.close();
    await until("what was kept late is gone", () => rows("select site from status").length === 0, 20_000);
    expect(await codeOf(renewEnrolment(state, { now: true, nowMs: Date.now() }))).toBe("enrol-revoked");
    const moved = join(scratch("moved"), "agent");
    await enrol(moved, await aggregator.codeFor(site));
    expect(await codeOf(eraseAtAggregator(state))).toBe("enrol-revoked");
    expect(await codeOf(renewEnrolment(moved, { now: true, nowMs: Date.now() }))).toBe("done");
    await runCli(["aggregator", "revoke", site, "-c", aggregator.configFile]);
    expect(await codeOf(eraseAtAggregator(moved))).toBe("enrol-revoked");
  });

  it("renews nothing for a certificate of another authority", async () => {
    const { aggregator, state } = await open();
    await enrol(state, await aggregator.codeFor(site));
    const other = authorityIn(scratch("other"), "other").issue(site);
    const at = join(state, "enrolment", "current");
    copyFileSync(other.certFile, join(at, "client.crt"));
    copyFileSync(other.keyFile, join(at, "client.key"));
    expect(await codeOf(renewEnrolment(state, { now: true, nowMs: Date.now() }))).toBe("enrol-no-certificate");
  });

  it("says that there is nothing to renew where nothing was enrolled", async () => {
    const folder = scratch("empty");
    mkdirSync(join(folder, "state"));
    expect(await codeOf(renewEnrolment(join(folder, "state"), { now: true, nowMs: Date.now() }))).toBe("enrol-not-enrolled");
  });
});

/** The code with some of its parts replaced. */
function changed(code: string, parts: Partial<ReturnType<typeof parseEnrolCode>>): string {
  return formatEnrolCode({ ...parseEnrolCode(code), ...parts });
}
