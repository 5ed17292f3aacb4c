import { join } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import type { Role } from "../../shared/security/roles.ts";
import {
  addHolder,
  type Holder,
  makeCredentials,
  renewCredentials,
  revokeHolder,
} from "../certificates/credentials_folder.ts";
import { formatColumns } from "../text/format.ts";

export interface CertsOptions {
  readonly days: number;
  readonly renew?: boolean;
  readonly add?: Role;
  /** Of the holder that is added; without it the role and a number. */
  readonly name?: string;
  readonly revoke?: string;
  readonly json?: boolean;
}

const ROLE_USES: Readonly<Record<Role, string>> = {
  read: "people and programs that look: phasesweep status, health checks, metrics",
  submit: "people who hand in sweeps: phasesweep submit, pause, resume, cancel, status",
  work: "machines that compute: phasesweep worker",
};

/** Makes a private CA and the credentials of a fleet, or changes them. */
export function certsCommand(folder: string, options: CertsOptions): void {
  const { days, add, revoke } = options;
  const say = (...lines: readonly string[]) => {
    if (options.json !== true) for (const line of lines) process.stdout.write(`${line}\n`);
  };
  const sayFolders = (holders: readonly Holder[], coordinator?: string) => {
    say("Copy to machines, as --credentials, the folder of what they do:");
    const rows = holders.map(({ name, role }) => [`  ${folder}/${name}`, ROLE_USES[role]]);
    if (coordinator !== undefined) rows.push([`  ${folder}/coordinator`, coordinator]);
    say(formatColumns(rows));
  };
  const document = (action: string, holders: readonly Holder[]) => {
    if (options.json !== true) return;
    const made = holders.map(({ name, role }) => ({ name, role, folder: join(folder, name) }));
    const valid_days = action === "revoked" ? null : days;
    process.stdout.write(
      `${JSON.stringify({ action, folder, holders: made, valid_days }, null, 2)}\n`,
    );
  };
  const now_ms = systemClock.wallMs();
  if (revoke !== undefined) {
    const revoked = revokeHolder(folder, revoke);
    say(
      `'${revoke}' has no rights any more: copy ${folder}/coordinator/tokens.json to the coordinator's machine, if it is not this one.`,
      "The coordinator notices within a second. Certificates of this CA still connect, and may ask for health only.",
    );
    document("revoked", [revoked]);
  } else if (add !== undefined) {
    const holder = { name: options.name ?? add, role: add };
    addHolder(folder, holder, days, now_ms);
    sayFolders([holder]);
    say(`and ${folder}/coordinator/tokens.json anew to the coordinator's machine.`);
    document("added", [holder]);
  } else if (options.renew === true) {
    const holders = renewCredentials(folder, days, now_ms);
    say(`Certificates and tokens are valid for ${days} more days; keys and the CA are the same.`);
    sayFolders(holders, "phasesweep serve --credentials; a running one takes them up by itself");
    document("renewed", holders);
  } else {
    const holders = makeCredentials(folder, days, now_ms);
    say(`A private CA is in ${folder}/ca: keep it here, no machine of the fleet needs it.`);
    sayFolders(holders, "the coordinator: phasesweep serve --credentials");
    say(`Everything is valid for ${days} days. Whoever has a folder has its rights.`);
    document("made", holders);
  }
}
