import type { AgentApi } from "../../agent/api/status-server.ts";

/** Answers of an agent that knows nothing; a test puts its own in. */
export function agentApi(own: Partial<AgentApi> = {}): AgentApi {
  return {
    status: () => ({}),
    setOverride: () => undefined,
    clearOverride: () => undefined,
    consents: () => [],
    sayConsent: () => Promise.resolve(undefined),
    meter: () => undefined,
    schedule: () => undefined,
    planning: () => undefined,
    testRelay: () => Promise.resolve(undefined),
    ...own,
  };
}
