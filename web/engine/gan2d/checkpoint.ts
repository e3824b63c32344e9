// A training's state as bytes, one way only: what a checkpoint holds and a digest is of.
//
// A header of 16 words: the lab's mark, the version of these bytes, the iterations done, for D and
// for G the optimizer, its steps and the count of parameters; the rest 0. Then float32: of D the
// parameters and what its optimizer remembers (momentum: the step; rmsprop: the squares; adam:
// means and squares), of G the same, G's average, and the metrics of the last iteration.

import { allocate } from "../memory";
import { Network } from "./network";
import { OPTIMIZER_ADAM, OPTIMIZER_MOMENTUM, OPTIMIZER_RMSPROP } from "./optimizers";
import * as settings from "./settings";
import { average, discriminator, generator, iteration, METRICS, metrics, setIteration } from "./training";

const MARK: u32 = 0x324e4147; // "GAN2"
const VERSION: u32 = 1;
const HEADER: i32 = 64;

let bytes: usize = 0;
let next: usize = 0;

export function beginCheckpoints(): bool {
  bytes = allocate(3 * discriminator.bytes + 4 * generator.bytes + HEADER + METRICS * 4);
  return bytes != 0;
}

function hasFirst(optimizer: i32): bool {
  return optimizer == OPTIMIZER_MOMENTUM || optimizer == OPTIMIZER_ADAM;
}

function hasSecond(optimizer: i32): bool {
  return optimizer == OPTIMIZER_RMSPROP || optimizer == OPTIMIZER_ADAM;
}

function networkSize(network: Network, optimizer: i32): i32 {
  return network.count * 4 * (1 + <i32>hasFirst(optimizer) + <i32>hasSecond(optimizer));
}

export function checkpointSize(): i32 {
  return (
    HEADER +
    networkSize(discriminator, settings.discriminatorOptimizer.name) +
    networkSize(generator, settings.generatorOptimizer.name) +
    generator.count * 4 + METRICS * 4
  );
}

/** Where a checkpoint is written, and read from by `readCheckpoint`. */
export function checkpointAddress(): usize {
  return bytes;
}

export function writeCheckpoint(): usize {
  memory.fill(bytes, 0, HEADER);
  writeHeader();
  next = bytes + HEADER;
  exchangeNetwork(discriminator, settings.discriminatorOptimizer.name, true);
  exchangeNetwork(generator, settings.generatorOptimizer.name, true);
  exchange(average, generator.count * 4, true);
  exchange(metrics, METRICS * 4, true);
  return bytes;
}

function writeHeader(): void {
  store<u32>(bytes, MARK);
  store<u32>(bytes, VERSION, 4);
  store<u32>(bytes, iteration, 8);
  store<u32>(bytes, settings.discriminatorOptimizer.name, 16);
  store<u32>(bytes, discriminator.steps, 20);
  store<u32>(bytes, discriminator.count, 24);
  store<u32>(bytes, settings.generatorOptimizer.name, 28);
  store<u32>(bytes, generator.steps, 32);
  store<u32>(bytes, generator.count, 36);
}

/** Takes the state that was written at `checkpointAddress`; returns 0, or 1 where it is another's. */
export function readCheckpoint(size: i32): i32 {
  const fits =
    size == checkpointSize() &&
    load<u32>(bytes) == MARK &&
    load<u32>(bytes, 4) == VERSION &&
    load<u32>(bytes, 16) == <u32>settings.discriminatorOptimizer.name &&
    load<u32>(bytes, 24) == <u32>discriminator.count &&
    load<u32>(bytes, 28) == <u32>settings.generatorOptimizer.name &&
    load<u32>(bytes, 36) == <u32>generator.count;
  if (!fits) return 1;
  setIteration(load<u32>(bytes, 8));
  discriminator.steps = load<u32>(bytes, 20);
  generator.steps = load<u32>(bytes, 32);
  next = bytes + HEADER;
  exchangeNetwork(discriminator, settings.discriminatorOptimizer.name, false);
  exchangeNetwork(generator, settings.generatorOptimizer.name, false);
  exchange(average, generator.count * 4, false);
  exchange(metrics, METRICS * 4, false);
  return 0;
}

function exchangeNetwork(network: Network, optimizer: i32, out: bool): void {
  const size = network.count * 4;
  exchange(network.parameters, size, out);
  if (hasFirst(optimizer)) exchange(network.first, size, out);
  if (hasSecond(optimizer)) exchange(network.second, size, out);
}

/** Copies an array out to the bytes, or in from them. */
function exchange(array: usize, size: i32, out: bool): void {
  if (out) memory.copy(next, array, size);
  else memory.copy(array, next, size);
  next += size;
}
