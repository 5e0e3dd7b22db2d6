import type { Device, Flow } from "../home.ts";
import { isRuled } from "../run-rules.ts";
import { runNodes } from "./run-nodes.ts";

/**
 * A check of whether a schedule keeps an appliance's rules for going on and off. Programmes and what runs by its own thermostat
 * pass: their runs are not told by their energy.
 */
export function runCheck(device: Device): (flow: Flow) => boolean {
  if (!isRuled(device.run) || device.profile || device.ownWill) return () => true;
  const { nodes, first } = runNodes(device);
  return (flow) => {
    let at = first;
    for (let slot = 0; slot < device.keep.length; slot += 1) {
      const node = nodes[at];
      if (!node) return false;
      const cannot = (device.maxIn[slot] ?? 0) === 0;
      at = (flow.in[slot] ?? 0) > 0 ? node.on : node.off >= 0 || !cannot ? node.off : node.cut;
      if (at < 0) return false;
    }
    return true;
  };
}
