// Cases that are not compared although the library has what they name, each with the reason.

/** Which cases, by the beginning of their id or by op or class within a group, and why. */
export interface SkipRule {
  readonly group: string;
  /** Class, op or function; all of the group where it is left out. */
  readonly label?: string;
  /** The case's id begins with it. */
  readonly id?: string;
  readonly reason: string;
}

/** All rules. Cases that Keras's own backends disagree about are skipped without a rule. */
export const skips: readonly SkipRule[] = [];
