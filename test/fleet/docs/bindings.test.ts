import { expect, test } from "vitest";
import { isNode, type Node, nameOf, placesIn, programOf, sources } from "./syntax.ts";

/** One call of a binding: `owner.method(…)`, its file, and what guards it. */
interface BindingCall {
  file: string;
  call: string;
  guarded: boolean;
}

/** A binding is known by the names under which the code passes it on. */
const bindings: readonly { kind: string; owner: RegExp; methods: RegExp; places: RegExp }[] = [
  {
    kind: "D1",
    owner: /^db$/i,
    methods: /^(prepare|batch|exec|withSession|dump)$/,
    places: /^shared\/store\//,
  },
  {
    kind: "R2",
    owner: /^(bucket|OBJECTS)$/,
    methods: /./,
    places: /^(shared\/files\/objects|producer\/batches\/object_writer)\.ts$/,
  },
  {
    kind: "a multipart upload",
    owner: /^upload$/,
    methods: /./,
    places: /^producer\/batches\/object_writer\.ts$/,
  },
  {
    kind: "a queue",
    owner: /^(queue|TASKS|TASKS_LOW)$/,
    methods: /^(send|sendBatch|metrics)$/,
    places: /^shared\/platform\/queues\.ts$/,
  },
  {
    kind: "the governor",
    owner: /^(governorOf|governor)$/,
    methods: /./,
    places: /^consumer\/governor\/(client|endpoint_health)\.ts$/,
  },
  {
    kind: "the Loader",
    owner: /^workerLoader$/,
    methods: /^(get|load)$/,
    places: /^consumer\/sandbox\/dynamic_worker\.ts$/,
  },
  {
    kind: "a Dynamic Worker",
    owner: /^(stub|transformer|entrypoint)$/,
    methods: /^(run|prepare)$/,
    places: /^consumer\/sandbox\/(isolate(_v8)?|bash\/bash)\.ts$/,
  },
  {
    kind: "the consumer",
    owner: /^consumer$/i,
    methods: /./,
    places: /^producer\/rpc_client\.ts$/,
  },
];

/** Functions that give a call its deadline; all but `withTimeout`, `report` and `askConsumer` also repeat it. */
const guards = /^(withRetries|withTimeout|callGovernor|report|askConsumer)$/;
/** Methods that run a prepared statement. `prepare` itself sends nothing. */
const asking = /^(run|first|all|raw)$/;

function callsIn(file: string): BindingCall[] {
  const calls: BindingCall[] = [];
  for (const [node, above] of placesIn(programOf(file))) {
    const callee = node.type === "CallExpression" ? memberOf(node.callee) : null;
    if (callee === null) continue;
    const owner = nameOf(callee.object);
    const method = nameOf(callee.property);
    const isKnown = bindings.some((each) => each.owner.test(owner) && each.methods.test(method));
    // `sql.first` and its like have their deadline inside `shared/store/sql.ts`.
    const asks = asking.test(method) && owner !== "sql" && /^shared\/store\//.test(file);
    if (!isKnown && !asks) continue;
    const call = `${owner}.${method}`;
    calls.push({ file, call, guarded: above.some(isGuard) });
  }
  return calls;
}

function memberOf(value: unknown): Node | null {
  if (!isNode(value)) return null;
  return value.type === "MemberExpression" ? value : null;
}

const isGuard = (node: Node): boolean =>
  node.type === "CallExpression" && guards.test(nameOf(node.callee));

const calls = sources.flatMap(callsIn);

test.each(bindings)("$kind is called only in its own place", ({ owner, methods, places }) => {
  const matching = calls.filter(({ call }) => {
    const [bindingName = "", method = ""] = call.split(".");
    return owner.test(bindingName) && methods.test(method);
  });
  expect(matching.filter(({ file }) => places.test(file))).not.toEqual([]);
  expect(matching.filter(({ file }) => !places.test(file))).toEqual([]);
});

/** Calls that have their deadline elsewhere, with the place. */
const elsewhere: Record<string, string> = {
  "producer/batches/object_writer.ts upload.complete": "#complete is called under withRetries",
  "producer/batches/object_writer.ts bucket.head": "#complete is called under withRetries",
  "consumer/sandbox/bash/bash.ts stub.run": "raced with the script's own deadline",
  "consumer/sandbox/dynamic_worker.ts workerLoader.load": "answers at once, with a stub",
  "consumer/sandbox/dynamic_worker.ts workerLoader.get": "answers at once, with a stub",
  "consumer/sandbox/isolate.ts stub.run": "HostTarget holds its deadlines",
  "consumer/sandbox/isolate_v8.ts entrypoint.run": "raced with the program's own deadline",
};

test("every call of a binding has a deadline", () => {
  const undocumented = calls
    .filter(({ call, guarded }) => !guarded && call.toLowerCase() !== "db.prepare")
    .map(({ file, call }) => `${file} ${call}`);
  expect(undocumented.sort()).toEqual(Object.keys(elsewhere).sort());
});
