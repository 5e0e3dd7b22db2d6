import { serve } from "@hono/node-server";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { apiApp } from "../../../aggregator/api/api-app.ts";
import { archiveRoutes } from "../../../aggregator/api/archive-routes.ts";
import { silentLog } from "../../fake/silent-log.ts";

it("cuts an archive short that the database does not give to its end, and tells why in the log alone", async () => {
  const log = silentLog();
  const app = apiApp({ tokens: { tokenByHash: () => Promise.resolve(null) }, open: true, now: () => 0, log });
  archiveRoutes(app, {
    store: { records: () => Promise.reject(new Error("disk full at /var/lib")) },
    owner: null,
    signedAgreementOf: () => undefined,
    logBytesOf: () => Promise.resolve(null),
    log,
  });
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  onTestFinished(() => void server.close());
  if (!server.listening) await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/archive`;
  const heard = await fetch(url)
    .then((response) => response.text())
    .catch((error: unknown) => String(error));
  expect(heard).toBe("TypeError: terminated");
  expect(log.lines).toMatchObject([{ level: "error", fields: { error: "disk full at /var/lib" }, message: "request failed" }]);
});
