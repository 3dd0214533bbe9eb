export * from '../../../testkit/virtual-clock.ts';
