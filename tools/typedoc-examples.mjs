// A plugin of TypeDoc (typedoc.json): warns about what people call, and the reference shows no example of.
//
// Asked for one are: functions; methods of classes, and their properties that are functions (`onChange`); types of
// functions
// (`Authenticate`); and methods of interfaces, unless the interface has an example itself, as one has that people write
// an implementation of. Not asked: constructors (whatever people make, a function makes), and what is inherited.
import { Application, ReflectionKind } from 'typedoc';

/** @param {import('typedoc').Comment | undefined} comment */
const shows = comment => comment?.getTags('@example').length > 0;

/** @param {import('typedoc').DeclarationReflection} one */
const isFunction = one => one.type?.type === 'reflection' && (one.type.declaration.signatures?.length ?? 0) > 0;

/** @param {import('typedoc').DeclarationReflection} one */
function lacksExample(one) {
  if (one.inheritedFrom || one.flags.isPrivate || one.flags.isProtected) return false;
  // Of overloads one is enough.
  if (one.kindOf(ReflectionKind.FunctionOrMethod))
    return !(one.signatures ?? []).some(signature => shows(signature.comment)) && !shows(one.comment);
  const called = one.kindOf(ReflectionKind.Property)
    ? one.parent?.kindOf(ReflectionKind.Class)
    : one.kindOf(ReflectionKind.TypeAlias);
  return (
    Boolean(called) &&
    isFunction(one) &&
    !shows(one.comment) &&
    !one.type.declaration.signatures.some(signature => shows(signature.comment))
  );
}

/** @param {Application} app */
export function load(app) {
  app.on(Application.EVENT_VALIDATE_PROJECT, project => {
    for (const one of project.getReflectionsByKind(
      ReflectionKind.FunctionOrMethod | ReflectionKind.Property | ReflectionKind.TypeAlias,
    )) {
      // A function within a type: whoever has the type has its example.
      if (
        !one.parent?.kindOf(
          ReflectionKind.SomeModule | ReflectionKind.Project | ReflectionKind.Class | ReflectionKind.Interface,
        )
      )
        continue;
      if (one.parent.kindOf(ReflectionKind.Interface) && shows(one.parent.comment)) continue;
      if (lacksExample(one)) app.logger.validationWarning(`${one.getFriendlyFullName()} has no @example`);
    }
  });
}
