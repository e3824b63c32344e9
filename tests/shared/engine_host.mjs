// The digests of trainings on engine.wasm, in Node or in a page: argv is the module and a JSON file
// of jobs, each { lab, slots, points, iterations }.

export function computeDigests(bytes, jobs) {
  const module = new WebAssembly.Module(bytes);
  return jobs.map((job) => {
    const abort = () => {
      throw new Error("the engine stopped");
    };
    const { exports } = new WebAssembly.Instance(module, { env: { abort } });
    const call = (name, ...values) => exports[`${job.lab}_${name}`](...values);
    if (job.points) {
      const [rows, columns] = [job.points.length, job.points[0].length];
      const address = call("points", rows, columns);
      new Float32Array(exports.memory.buffer, address, rows * columns).set(job.points.flat());
    }
    const slots = job.slots.map((value) => (value === null ? NaN : value));
    new Float64Array(exports.memory.buffer, call("settings"), slots.length).set(slots);
    const error = call("create");
    if (error) throw new Error(`create gives ${error}`);
    const done = call("advance", job.iterations);
    const digest = new Uint8Array(exports.memory.buffer, call("digest"), 32);
    const hex = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return { done, digest: hex };
  });
}

if (typeof process !== "undefined" && process.argv.length === 4) {
  const { readFileSync } = await import("node:fs");
  const [module, jobs] = process.argv.slice(2).map((path) => readFileSync(path));
  console.log(JSON.stringify(computeDigests(module, JSON.parse(jobs))));
}
