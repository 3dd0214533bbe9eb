export * from '../../testkit/world.ts';
