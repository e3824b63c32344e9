// Iterations a CPU second of the live engine in Node: argv is the module and a JSON file of
// { slots, iterations, rounds }; prints the rates as JSON.
import { readFileSync } from "node:fs";

const [module, text] = process.argv.slice(2).map((path) => readFileSync(path));
const job = JSON.parse(text);
const imports = { env: { abort: () => process.exit(1) } };
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), imports);
const slots = job.slots.map((value) => value ?? NaN);
new Float64Array(exports.memory.buffer, exports.gan2d_settings(), slots.length).set(slots);
if (exports.gan2d_create()) process.exit(1);

function measureRate() {
  const before = process.cpuUsage();
  exports.gan2d_advance(job.iterations);
  const { user, system } = process.cpuUsage(before);
  return (job.iterations / (user + system)) * 1e6;
}

measureRate(); // the engine of JavaScript compiles what is hot in the meantime
console.log(JSON.stringify(Array.from({ length: job.rounds }, measureRate)));
