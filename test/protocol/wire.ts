export * from '../../testkit/wire.ts';
