/** Real power is lower than rated at the end of a charge and in a cold tank: begins so much earlier than arithmetic says. */
const slackShare = 0.1;
const slackMs = 10 * 60_000;

/**
 * How long before its deadline a gateway lets an appliance run, whatever plans say, that has to run so long at full power, ms. A plan
 * that puts off more than that is overtaken by the gateways, all at once.
 */
export const leadMs = (runMs: number): number => runMs * (1 + slackShare) + slackMs;
