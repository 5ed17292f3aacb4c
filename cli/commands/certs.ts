import { systemClock } from "../../shared/clock.ts";
import type { Role } from "../../shared/security/roles.ts";
import {
  addHolder,
  type Holder,
  makeCredentials,
  renewCredentials,
  revokeHolder,
} from "../certificates/credentials_folder.ts";

export interface CertsOptions {
  readonly days: number;
  readonly renew?: boolean;
  readonly add?: Role;
  /** Of the holder that is added; without it the role and a number. */
  readonly name?: string;
  readonly revoke?: string;
}

const ROLE_USES: Readonly<Record<Role, string>> = {
  read: "people and programs that look: phasesweep status, health checks, metrics",
  submit: "people who hand in sweeps: phasesweep submit, pause, resume, cancel, status",
  work: "machines that compute: phasesweep worker",
};

/** Makes a private CA and the credentials of a fleet, or changes them. */
export function certsCommand(folder: string, options: CertsOptions): void {
  const { days, add, revoke } = options;
  const now_ms = systemClock.wallMs();
  if (revoke !== undefined) {
    revokeHolder(folder, revoke);
    say(
      `'${revoke}' has no rights any more: copy ${folder}/coordinator/tokens.json to the coordinator's machine, if it is not this one.`,
      "The coordinator notices within a second. Certificates of this CA still connect, and may ask for health only.",
    );
  } else if (add !== undefined) {
    const holder = { name: options.name ?? add, role: add };
    addHolder(folder, holder, days, now_ms);
    sayFolders(folder, [holder]);
    say(`and ${folder}/coordinator/tokens.json anew to the coordinator's machine.`);
  } else if (options.renew === true) {
    const holders = renewCredentials(folder, days, now_ms);
    say(`Certificates and tokens are valid for ${days} more days; keys and the CA are the same.`);
    sayFolders(folder, holders);
    say(
      `  ${folder}/coordinator   phasesweep serve --credentials; a running one takes them up by itself`,
    );
  } else {
    const holders = makeCredentials(folder, days, now_ms);
    say(`A private CA is in ${folder}/ca: keep it here, no machine of the fleet needs it.`);
    sayFolders(folder, holders);
    say(`  ${folder}/coordinator   the coordinator: phasesweep serve --credentials`);
    say(`Everything is valid for ${days} days. Whoever has a folder has its rights.`);
  }
}

function sayFolders(folder: string, holders: readonly Holder[]): void {
  say("Copy to machines, as --credentials, the folder of what they do:");
  for (const { name, role } of holders) say(`  ${folder}/${name}   ${ROLE_USES[role]}`);
}

function say(...lines: readonly string[]): void {
  for (const line of lines) process.stdout.write(`${line}\n`);
}
