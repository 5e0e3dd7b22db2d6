import { createServer } from "node:https";
import { getRequestListener } from "@hono/node-server";
import { AppError } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import { cannotListen, closed, listening } from "../../core/listening.ts";
import type { Log } from "../../core/log.ts";
import type { EnrolmentConfig } from "../config/aggregator-config.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { openAuthority } from "./authority.ts";
import { enrolmentDesk, type Told } from "./desk.ts";
import { enrolRoutes } from "./enrol-routes.ts";
import { guessLimit } from "./guess-limit.ts";
import { writeCrl } from "./write-crl.ts";

/** The listener's own certificate is made anew at each start and each day. */
const serverDays = 30;
const dayMs = 86_400_000;
/** What was on its way into the database when its home was erased is gone within this time. */
const lateMs = 60_000;

/** The HTTPS listener at which gateways are enrolled. */
export interface RunningEnrolment {
  port: number;
  stop(): Promise<void>;
}

/** @throws AppError ca-unreadable, ca-key-open-to-others, ca-unusable, crl-not-writable, enrol-cannot-listen */
export async function startEnrolment(options: {
  config: EnrolmentConfig;
  sites: readonly string[];
  told: Told;
  store: AggregatorStore;
  clock: Clock;
  log: Log;
  onEnrolled: (site: string) => void;
  onErased: (site: string) => void;
  signal: AbortSignal;
}): Promise<RunningEnrolment> {
  const { config, store, clock, log } = options;
  const { listen } = config;
  // Certificates are checked by the clocks of real machines, also where a simulation has one of its own.
  const wallMs = (): number => Date.now();
  const authority = openAuthority(config);
  const renewList = (): Promise<void> => writeCrl({ config, authority, store, nowMs: wallMs() });
  await renewList();
  await store.dropOldCodes(wallMs());
  const desk = enrolmentDesk({
    authority,
    store,
    sites: new Set(options.sites),
    told: options.told,
    certificateDays: config.certificateDays,
    now: wallMs,
    log,
    onEnrolled: options.onEnrolled,
    async onErased(site) {
      options.onErased(site);
      await renewList();
    },
  });
  const own = () => authority.serverCertificate(new URL(config.url).hostname.replace(/^\[|\]$/g, ""), wallMs(), serverDays);
  const app = enrolRoutes({ desk, guesses: guessLimit(() => clock.monotonicMs()), log });
  const secure = { ca: authority.pem, minVersion: "TLSv1.3", requestCert: true, rejectUnauthorized: false } as const;
  const server = createServer({ ...(await own()), ...secure }, (request, response) => {
    void getRequestListener((asked, env) => app.fetch(asked, env))(request, response);
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 20_000;
  server.maxConnections = 200;
  server.listen(listen.port, listen.host);
  const port = await listening(
    server,
    listen,
    (cause) => new AppError("enrol-cannot-listen", cannotListen(listen, cause, "enrolment.listen"), { cause }),
  );
  server.on("error", (error) => log.warn({ error: error.message }, "enrolment listener"));
  clock.every(
    dayMs,
    async () => {
      await store.dropOldCodes(wallMs());
      server.setSecureContext({ ...(await own()), ...secure });
    },
    options.signal,
  );
  clock.every(
    lateMs,
    async () => {
      const rows = await store.eraseLate();
      if (rows > 0) log.info({ rows }, "deleted what was kept of homes after they had taken back their data");
    },
    options.signal,
  );
  return { port, stop: () => closed(server) };
}
