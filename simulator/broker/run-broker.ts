import { timingSafeEqual } from "node:crypto";
import { Aedes, type Client } from "aedes";
import { aborted } from "../../core/aborted.ts";
import type { Log } from "../../core/log.ts";
import { startLoopbackServer } from "../loopback-server.ts";
import { mayPublish, maySubscribe } from "./broker-acl.ts";

/** MQTT 3.1.1: bad user name or password. */
const badCredentials = 4;

/** Names of connected clients; the library's client keeps no user. */
type Users = WeakMap<Client, string>;

/**
 * The embedded MQTT broker on loopback until the signal aborts; speaks MQTT 3.1.1, keeps nothing over a restart.
 * Says {"kind":"ready","port"}.
 * @param options.users password by site, and by the aggregator's name; without it everybody may do everything
 */
export async function runBroker(options: {
  port: number;
  users?: Record<string, string>;
  log: Log;
  signal: AbortSignal;
  say: (line: string) => void;
}): Promise<void> {
  const { log, signal, say } = options;
  if (signal.aborted) return;
  const passwords = options.users && new Map(Object.entries(options.users));
  const users: Users = new WeakMap();
  const broker = await Aedes.createBroker({
    authenticate(client, user, password, done) {
      if (!passwords) return done(null, true);
      const expected = user === undefined ? undefined : passwords.get(user);
      if (user === undefined || expected === undefined || !password || !sameText(password, expected)) {
        log.warn({ client: client.id, user }, "client refused: unknown user or wrong password");
        return done(Object.assign(new Error("unknown user or wrong password"), { returnCode: badCredentials }), false);
      }
      users.set(client, user);
      return done(null, true);
    },
    authorizePublish(client, packet, done) {
      // Without a client it is the broker itself: its own topics, and last wills checked below by their user.
      const user = client && users.get(client);
      if (!passwords || client === null || (user !== undefined && user !== null && mayPublish(user, packet.topic)))
        return done(null);
      log.warn({ user, topic: packet.topic }, "publication refused: not a topic of this user");
      return done(new Error(`user ${user} may not publish to ${packet.topic}`));
    },
    authorizeSubscribe(client, subscription, done) {
      const user = users.get(client);
      if (!passwords || (user !== undefined && maySubscribe(user, subscription.topic))) return done(null, subscription);
      log.warn({ user, topic: subscription.topic }, "subscription refused: not a topic of this user");
      return done(null, null);
    },
  });
  const server = await startLoopbackServer(options.port, (socket) => void broker.handle(socket));
  say(JSON.stringify({ kind: "ready", port: server.port }));
  await aborted(signal);
  // First the sockets: the broker waits for clients that stay.
  await server.close();
  await new Promise<void>((resolve) => broker.close(resolve));
}

function sameText(given: Buffer, expected: string): boolean {
  const wanted = Buffer.from(expected);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
