/** Links hold the whole scene. */
import { describe, expect, test } from 'vitest';
import { fragmentOf, sceneOf } from '../playground/link.js';
import { KINDS, newHappening, readScene, type HappeningKind } from '../playground/scene.js';
import { scenes, sceneNames } from '../playground/scenes.js';

test.each(sceneNames)('the ready scene %s has a short link', async (name) => {
  expect(await fragmentOf(scenes[name])).toBe(`#scene=${name}`);
  expect(await sceneOf(`#scene=${name}`)).toBe(scenes[name]);
});

test('a scene of the reader comes back as it was', async () => {
  const scene = {
    title: 'Héllo ♥ "it\'s" <b>',
    code: `${scenes.zombie.code}// ${'♥'.repeat(2_000)}`,
    options: '{}',
    happenings: (Object.keys(KINDS) as HappeningKind[]).map(newHappening),
  };
  const fragment = await fragmentOf(scene);
  expect(fragment).toMatch(/^#scene=1\.[\w-]+$/);
  expect(fragment.length).toBeLessThan(1_000);
  expect(await sceneOf(fragment)).toEqual(scene);
});

test('another fragment is no scene', async () => {
  expect(await sceneOf('')).toBeUndefined();
  expect(await sceneOf('#options')).toBeUndefined();
});

const packed = async (value: unknown): Promise<string> => fragmentOf(value as never);

describe('a link that cannot be read says so', () => {
  test.each([
    ['#scene=nothing', 'There is no scene called nothing'],
    ['#scene=toString', 'There is no scene called toString'],
    ['#scene=2.abc', 'A newer version of this page made the link'],
    ['#scene=1.abc', 'The link is not complete'],
    ['#scene=1.%%', 'The link is not complete'],
    ['#scene=1.', 'The link is not complete'],
  ])('%s', async (fragment, message) => {
    await expect(sceneOf(fragment)).rejects.toThrow(message);
  });

  test('when it is cut off', async () => {
    const fragment = await fragmentOf({ ...scenes.hang, title: 'mine' });
    await expect(sceneOf(fragment.slice(0, -20))).rejects.toThrow('The link is not complete');
  });

  test('when it unpacks to too much', async () => {
    const fragment = await packed({ ...scenes.hang, code: 'x'.repeat(1_000_000) });
    expect(fragment.length).toBeLessThan(3_000);
    await expect(sceneOf(fragment)).rejects.toThrow('The link is not complete');
  });

  test.each([
    [null, 'There is no scene in it'],
    [{}, 'A scene has a list of up to 12 happenings'],
    [{ ...scenes.hang, code: 5 }, 'The code of a scene is a text of up to 20000 characters'],
    [{ ...scenes.hang, happenings: [{ do: 'explode' }] }, 'cannot have the happening'],
    [
      { ...scenes.hang, happenings: [{ do: 'hang', step: '1); alert(1' }] },
      'A step hangs at step: it must be a whole number from 1 to 1000',
    ],
    [
      { ...scenes.hang, happenings: [{ do: 'crash', at: -1 }] },
      'The process crashes after seconds: it must be a number from 0.1 to 600',
    ],
  ])('%j', async (given, message) => {
    await expect(sceneOf(await packed(given))).rejects.toThrow(message);
  });
});

test('what is not part of a scene is left out', () => {
  const given = { ...scenes.hang, more: 1, happenings: [{ do: 'hang', step: 2, more: 1 }] };
  expect(readScene(given)).toEqual({ ...scenes.hang, happenings: [{ do: 'hang', step: 2 }] });
});
