/**
 * The smallest language model there is: one matrix, from each letter to the logits of the next one,
 * trained by stochastic gradient descent on the cross-entropy of a sentence. It runs in the card.
 */

export const ALPHABET = "abcdefghijklmnopqrstuvwxyzàâçéèêîôù ,.";

export class LetterModel {
  /** Logits, [letter, next letter]. */
  readonly #weights: Float64Array;
  readonly #letters: readonly number[];
  readonly #size = ALPHABET.length;
  #random: number;
  steps = 0;

  constructor(text: string, seed: number) {
    this.#letters = Array.from(text.toLowerCase(), (letter) => ALPHABET.indexOf(letter)).filter((index) => index >= 0);
    this.#weights = new Float64Array(this.#size * this.#size);
    this.#random = seed >>> 0;
  }

  /** Learns from some pairs of neighboring letters; returns their mean cross-entropy, in nats. */
  learn(pairs: number, rate = 0.5): number {
    let loss = 0;
    for (let i = 0; i < pairs; i++) {
      const at = Math.floor(this.#draw() * (this.#letters.length - 1));
      loss += this.#learnPair(this.#letters[at] as number, this.#letters[at + 1] as number, rate);
    }
    this.steps += pairs;
    return loss / pairs;
  }

  /** The gradient of −log softmax(w)[next] in w is softmax(w) − one-hot(next). */
  #learnPair(letter: number, next: number, rate: number): number {
    const shares = this.#softmax(letter);
    for (let j = 0; j < this.#size; j++) {
      const index = letter * this.#size + j;
      this.#weights[index] = (this.#weights[index] as number) - rate * ((shares[j] as number) - (j === next ? 1 : 0));
    }
    return -Math.log(shares[next] as number);
  }

  /** Text that the model says, letter by letter. */
  say(length: number): string {
    let letter = ALPHABET.indexOf(" ");
    let text = "";
    while (text.length < length) {
      letter = this.#choose(this.#softmax(letter));
      text += ALPHABET[letter];
    }
    return text;
  }

  #choose(shares: Float64Array): number {
    let rest = this.#draw();
    for (const [j, share] of shares.entries()) {
      rest -= share;
      if (rest < 0) return j;
    }
    return this.#size - 1;
  }

  #softmax(letter: number): Float64Array {
    const logits = this.#weights.subarray(letter * this.#size, (letter + 1) * this.#size);
    const most = Math.max(...logits);
    const powers = logits.map((logit) => Math.exp(logit - most));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
  }

  /** Mulberry32: uniform on 0 to 1. */
  #draw(): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
}
