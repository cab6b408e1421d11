import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { ABSENT } from '../../../src/carrier/twilio/media-message.js';
import { MAX_MISSING_SAMPLES, MediaOrder } from '../../../src/carrier/twilio/media-order.js';

/** Samples told missing before each frame of 160, given as chunk and timestamp. */
const missing = (frames: [number, number][]): number[] => {
  const order = new MediaOrder();
  return frames.map(([chunk, timestamp]) => order.missingBefore(chunk, timestamp, 160));
};

describe('the order of messages', () => {
  it('drops repeats and latecomers, and goes on', () => {
    const order = new MediaOrder();
    expect([2, 3, 3, 2, 5, 4, 6].map((sequence) => order.inTurn(sequence))).toEqual([
      true,
      true,
      false,
      false,
      true,
      false,
      true,
    ]);
  });

  it('takes a counter that began anew', () => {
    const order = new MediaOrder();
    expect([5_000, 2, 3, 3].map((sequence) => order.inTurn(sequence))).toEqual([true, true, true, false]);
  });

  it('does not miss a number that is never said', () => {
    const order = new MediaOrder();
    expect([7, ABSENT, ABSENT, 7].map((sequence) => order.inTurn(sequence))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('missing audio', () => {
  it('is none while frames follow each other', () => {
    expect(missing([[1, 0], [2, 20], [3, 40]])).toEqual([0, 0, 0]); // prettier-ignore
  });

  it('is a frame for each chunk that did not come', () => {
    expect(missing([[1, 0], [3, 40], [6, 100]])).toEqual([0, 160, 320]); // prettier-ignore
  });

  it('is told by time where the chunks say nothing', () => {
    expect(missing([[1, 0], [2, 60]])).toEqual([0, 320]); // prettier-ignore
    expect(missing([[ABSENT, 0], [ABSENT, 60]])).toEqual([0, 320]); // prettier-ignore
  });

  it('is told by chunk where there is no time', () => {
    expect(missing([[1, ABSENT], [3, ABSENT]])).toEqual([0, 160]); // prettier-ignore
  });

  it('is none for a clock that wavers by less than a frame', () => {
    expect(missing([[1, 0], [2, 39], [3, 41], [4, 60]])).toEqual([0, 0, 0, 0]); // prettier-ignore
  });

  it('is at least a frame where the counter began anew', () => {
    expect(missing([[3_000, 60_000], [1, 0]])).toEqual([0, 160]); // prettier-ignore
  });

  it('is at least a frame where the clock went back', () => {
    expect(missing([[ABSENT, 0], [ABSENT, 40], [ABSENT, 20], [ABSENT, 60]])).toEqual([0, 160, 160, 160]); // prettier-ignore
    expect(missing([[ABSENT, 40], [ABSENT, 40], [ABSENT, 60]])).toEqual([0, 160, 0]); // prettier-ignore
  });

  it('is told by the numbers of messages where frames have none', () => {
    const order = new MediaOrder();
    const before = (sequence: number, chunk = ABSENT): number => {
      order.inTurn(sequence);
      return order.missingBefore(chunk, ABSENT, 160);
    };
    expect([2, 3, 6].map((sequence) => before(sequence))).toEqual([0, 0, 320]);
    order.inTurn(8); // a key
    expect([9, 5000, 7].map((sequence) => before(sequence))).toEqual([160, MAX_MISSING_SAMPLES, 160]);
    expect([before(9, 1), before(11, 2)]).toEqual([0, 0]);
  });

  it('is a second at most', () => {
    expect(missing([[1, 0], [3_001, 60_000]])).toEqual([0, MAX_MISSING_SAMPLES]); // prettier-ignore
  });

  it('is what was lost, whatever was', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 40 }), { maxLength: 30 }), (losses) => {
        let chunk = 1;
        const frames = losses.map((lost): [number, number] => {
          chunk += lost + 1;
          return [chunk, chunk * 20];
        });
        expect(missing([[1, 20], ...frames]).slice(1)).toEqual(losses.map((lost) => lost * 160));
      }),
    );
  });
});
