/**
 * `node test/mcp/real/run.ts <node_modules>`: lists and calls the tools of four real MCP servers that are
 * installed there (server-everything, -memory, -filesystem, -sequential-thinking). Exits 1 where one fails.
 */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { McpConnection } from "../../../consumer/mcp/connection.ts";
import { remoteTools } from "../../../consumer/mcp/remote_tools.ts";
import { resultOf } from "../../../consumer/mcp/result.ts";
import { type RealServer, startBridged, startEverything } from "./processes.ts";

interface Trial {
  name: string;
  start(folder: string, workFolder: string): RealServer | Promise<RealServer>;
  /** A call of each of these tools, and words of its result. */
  calls(workFolder: string): [tool: string, args: Record<string, unknown>, words: string][];
}

const trials: readonly Trial[] = [
  {
    name: "server-everything",
    start: (folder) => startEverything(folder),
    calls: () => [
      ["echo", { message: "reeds" }, "reeds"],
      ["get-sum", { a: 2, b: 3 }, "5"],
      ["get-tiny-image", {}, "left out"],
      ["get-structured-content", { location: "Chicago" }, "temperature"],
      ["get-sum", { a: "two" }, ""],
    ],
  },
  {
    name: "server-memory",
    start: (folder, workFolder) => {
      const env = { MEMORY_FILE_PATH: path.join(workFolder, "memory.jsonl") };
      return startBridged(folder, "server-memory", { env });
    },
    calls: () => [
      [
        "create_entities",
        { entities: [{ name: "pond", entityType: "place", observations: ["deep"] }] },
        "pond",
      ],
      ["search_nodes", { query: "pond" }, "deep"],
      ["read_graph", {}, "pond"],
    ],
  },
  {
    name: "server-filesystem",
    start: (folder, workFolder) =>
      startBridged(folder, "server-filesystem", { args: [workFolder] }),
    calls: (workFolder) => [
      ["write_file", { path: path.join(workFolder, "a.txt"), content: "nine reeds" }, "Success"],
      ["read_text_file", { path: path.join(workFolder, "a.txt") }, "nine reeds"],
      ["list_directory", { path: workFolder }, "a.txt"],
      ["read_text_file", { path: "/etc/hostname" }, "denied"],
    ],
  },
  {
    name: "server-sequential-thinking",
    start: (folder) => startBridged(folder, "server-sequential-thinking", {}),
    calls: () => [
      [
        "sequentialthinking",
        { thought: "t", nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 },
        "thoughtHistoryLength",
      ],
    ],
  },
];

const folder = path.resolve(process.argv[2] ?? "node_modules");
let failures = 0;
for (const { name, start, calls } of trials) {
  const workFolder = fs.mkdtempSync(path.join(os.tmpdir(), "fleet-mcp-"));
  const server = await start(folder, fs.realpathSync(workFolder));
  const at = { name: "real", url: server.url };
  const connection = new McpConnection(at, server.transport, new AbortController().signal);
  try {
    const list = await connection.list();
    const listed = list.ok ? list.value : [];
    const tools = remoteTools("real", { url: server.url }, listed);
    const anySchema = tools.filter(({ schema }) => schema.properties === undefined).length;
    console.log(
      `${name}: ${listed.length} tools listed, ${tools.length} offered, ${anySchema} of them with any arguments`,
    );
    if (!list.ok || tools.length < listed.length) failures += 1;
    for (const [tool, args, words] of calls(fs.realpathSync(workFolder))) {
      const called = await connection.call({ tool, effect: "read" }, args);
      const text = called.ok ? resultOf(called.value).text : called.error;
      const isRight = called.ok && text.includes(words);
      if (!isRight) failures += 1;
      console.log(
        `  ${isRight ? "right" : "wrong"} ${tool}: ${text.slice(0, 100).replace(/\s+/g, " ")}`,
      );
    }
  } finally {
    await connection.close();
    await server.stop();
    fs.rmSync(workFolder, { recursive: true, force: true });
  }
}
console.log(`${failures} failures`);
process.exitCode = failures === 0 ? 0 : 1;
