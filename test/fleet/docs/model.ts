/** An endpoint in place of a model's, for the examples that name one. */
import http from "node:http";

/** A value of a schema, the least there is. */
function leastOf(schema: Record<string, unknown>): unknown {
  if (Array.isArray(schema.enum)) return schema.enum[0];
  switch (schema.type) {
    case "object": {
      const properties = (schema.properties ?? {}) as Record<string, Record<string, unknown>>;
      return Object.fromEntries(
        Object.entries(properties).map(([name, one]) => [name, leastOf(one)]),
      );
    }
    case "array":
      return [];
    case "integer":
    case "number":
      return schema.minimum ?? 1;
    case "boolean":
      return true;
    default:
      return "x";
  }
}

interface Asked {
  tools?: { function: { name: string; parameters: Record<string, unknown> } }[];
}

/** A model server that answers at once, with any value that fits the schema. */
export async function startModel(): Promise<http.Server> {
  const server = http.createServer(async (request, response) => {
    if (request.method === "GET") {
      response.writeHead(404).end("404 page not found");
      return;
    }
    let body = "";
    for await (const part of request) body += part;
    const { tools = [] } = JSON.parse(body) as Asked;
    const final = (tools.find((tool) => tool.function.name === "final_answer") ?? tools[0])
      ?.function;
    const call = {
      ...{ id: "a", type: "function" },
      function: {
        name: final?.name ?? "final_answer",
        arguments: JSON.stringify(leastOf(final?.parameters ?? {})),
      },
    };
    const message = { role: "assistant", content: null, tool_calls: [call] };
    response.setHeader("content-type", "application/json");
    response.end(
      JSON.stringify({
        object: "chat.completion",
        choices: [{ index: 0, finish_reason: "tool_calls", message }],
        usage: { prompt_tokens: 900, completion_tokens: 20, total_tokens: 920 },
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
