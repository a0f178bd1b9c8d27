/** The Workers of a fake account: uploads, with the refusals that Cloudflare documents. */

export class Refusal extends Error {
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

interface Binding {
  type: string;
  name: string;
  class_name?: string;
  service?: string;
}

interface Metadata {
  bindings?: Binding[];
  limits?: { cpu_ms?: number };
  keep_bindings?: string[];
  migrations?: {
    old_tag?: string;
    new_tag: string;
    steps?: { new_sqlite_classes?: string[]; deleted_classes?: string[] }[];
  };
}

export interface Script {
  tag: string | undefined;
  /** Durable Object classes and the id of each one's namespace. */
  classes: Map<string, string>;
  secrets: Map<string, string>;
  metadata: Metadata;
  uploads: number;
  subdomain: { enabled: boolean; previews_enabled: boolean };
}

let namespaces = 0;

/** The metadata of a multipart upload. */
export function metadataOf(body: Buffer, contentType: string): Metadata {
  const boundary = /boundary="?([^";]+)/.exec(contentType)?.[1] ?? "";
  const part = body
    .toString("latin1")
    .split(`--${boundary}`)
    .find((text) => text.includes('name="metadata"'));
  const text = part?.slice(part.indexOf("\r\n\r\n")).trim() ?? "{}";
  return JSON.parse(Buffer.from(text, "latin1").toString("utf8"));
}

/** The script after an upload; throws a Refusal and changes nothing if the platform would reject it. */
export function upload(
  name: string,
  before: Script | undefined,
  metadata: Metadata,
  { source, isPaid }: { source: string; isPaid: boolean },
): Script {
  if (!isPaid && metadata.limits?.cpu_ms !== undefined) {
    throw new Refusal(400, 100328, "CPU limits are not available on the Free plan");
  }
  const classes = migrate(before, metadata);
  for (const className of classes.keys()) {
    if (!source.includes(className)) {
      throw new Refusal(400, 10064, `class ${className} of ${name} is no longer exported`);
    }
  }
  for (const binding of metadata.bindings ?? []) {
    const isLocal = binding.type === "durable_object_namespace" && binding.class_name !== undefined;
    if (isLocal && !classes.has(binding.class_name ?? "")) {
      throw new Refusal(400, 10061, `no class ${binding.class_name}`);
    }
  }
  return {
    tag: metadata.migrations?.new_tag ?? before?.tag,
    classes,
    secrets: before?.secrets ?? new Map(),
    metadata,
    uploads: (before?.uploads ?? 0) + 1,
    subdomain: before?.subdomain ?? { enabled: false, previews_enabled: false },
  };
}

function migrate(before: Script | undefined, { migrations }: Metadata): Map<string, string> {
  const classes = new Map(before?.classes);
  if (migrations === undefined) return classes;
  if ((migrations.old_tag ?? "") !== (before?.tag ?? "")) {
    throw new Refusal(412, 10079, `the stored migration tag is ${before?.tag}`);
  }
  for (const { new_sqlite_classes = [], deleted_classes = [] } of migrations.steps ?? []) {
    for (const className of new_sqlite_classes) {
      if (classes.has(className)) throw new Refusal(400, 10074, `class ${className} exists`);
      namespaces += 1;
      classes.set(className, `namespace-${namespaces}`);
    }
    for (const className of deleted_classes) classes.delete(className);
  }
  return classes;
}

/** The bindings as the API lists them, each Durable Object with its namespace. */
export const bindingsOf = ({ metadata, classes }: Script): unknown[] =>
  (metadata.bindings ?? []).map((binding) =>
    binding.type === "durable_object_namespace"
      ? { ...binding, namespace_id: classes.get(binding.class_name ?? "") }
      : binding,
  );
