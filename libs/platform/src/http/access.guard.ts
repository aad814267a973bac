import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { AppError } from '@millrace/kernel';
import { AUTHENTICATOR } from '../tokens.js';
import type { Authenticator } from './authenticator.port.js';
import { routeOf, type AuthenticatedRequest } from './route.js';

/** Lets a request through when its route is public, or the caller's key has the route's scope. Denies by default. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(@Inject(AUTHENTICATOR) private readonly authenticator: Authenticator) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const route = routeOf(context.getHandler());
    if (route === undefined) return false;
    if (route.access === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const principal = await this.authenticator.authenticate(request.headers.authorization);
    if (!principal.scopes.includes(route.access) && !principal.scopes.includes('admin')) {
      throw new AppError({
        kind: 'forbidden',
        code: 'scope_missing',
        message: `This call needs the scope ${route.access}: use a key that has it.`,
      });
    }
    request.principal = principal;
    return true;
  }
}
