import type { EnrolledLink } from "../config/agent-config-from-yaml.ts";
import { enrolmentFiles, readEnrolment } from "./enrolment-folder.ts";

/**
 * The link to the aggregator as enrolment taught it. One that cannot be read is as good as none: relays must come into
 * their safe state and the house must run without it, too.
 */
export const enrolledLink: EnrolledLink = (stateFolder) => {
  try {
    const enrolment = readEnrolment(stateFolder);
    if (!enrolment) return undefined;
    const { aggregator: id, gatewayId, brokerUrl, controlKeys } = enrolment;
    return { id, gatewayId, brokerUrl, controlKeys, ...enrolmentFiles(stateFolder) };
  } catch {
    return undefined;
  }
};
