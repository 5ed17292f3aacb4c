/**
 * Coordinator and workers may be of different releases: what they must share is one version of the
 * protocol, of which each says which it speaks. Version 1 is that of release 0.1.0, which does not
 * say it. Version 2 lets releases differ, and lets either side send messages of kinds that the other
 * does not know: they are passed over. Whoever adds one that must not be passed over raises the
 * version, and sends it only where the common one is high enough.
 */
export interface ProtocolRange {
  readonly min: number;
  readonly max: number;
}

/** What this release speaks. */
export const PROTOCOL: ProtocolRange = { min: 1, max: 2 };

/** Release 0.1.0: neither it nor its protocol stands in its messages. */
const FIRST: ProtocolRange = { min: 1, max: 1 };
const FIRST_RELEASE = "0.1.0";

/** The version of whoever said this, or nothing, of itself. */
export function statedVersion(version: string): string {
  return version === "" ? FIRST_RELEASE : version;
}

/** Why a side that speaks `theirs`, or says nothing of it, and this one cannot work together. */
export function protocolProblem(
  them: {
    readonly role: string;
    readonly version: string;
    readonly protocol: ProtocolRange | null;
  },
  us: { readonly role: string; readonly version: string },
): string | undefined {
  const { min, max } = them.protocol ?? FIRST;
  if (Math.min(max, PROTOCOL.max) >= Math.max(min, PROTOCOL.min)) return undefined;
  const theirs = `${them.role} ${statedVersion(them.version)} speaks protocol ${min} to ${max}`;
  const ours = `${us.role} ${us.version} ${PROTOCOL.min} to ${PROTOCOL.max}`;
  return `${theirs}, ${ours}; upgrade the ${max < PROTOCOL.min ? them.role : us.role}`;
}
