/** How an appliance stands when a plan begins, in the problem's words; nothing where nobody knows. */
export interface Standing {
  was_on?: boolean;
  was_for_minutes?: number;
}

/** Of what may only be held off for a while: for how long it has been; 0 where nobody knows. */
export const blockedMinutes = ({ was_on: wasOn, was_for_minutes: minutes = 0 }: Standing): number =>
  wasOn === false ? minutes : 0;
