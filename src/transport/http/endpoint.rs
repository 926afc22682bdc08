//! One route of the hub: method, path, handler and what OpenAPI says of it. Router and document are both
//! built from the same list, so neither can know a route that the other does not.

use actix_web::{FromRequest, Handler, HttpRequest, Resource, Responder, Route, guard, http::Method, web};

use super::{openapi::Operation, problem::Problem};

pub struct Endpoint {
    pub method: Method,
    /// As actix-web and OpenAPI both write it: `/api/tables/{table}`.
    pub path: &'static str,
    pub operation: Operation,
    route: Route,
}

impl Endpoint {
    fn new<F, Args>(method: Method, path: &'static str, handler: F, operation: Operation) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let route = match method {
            // Whoever may GET may ask for the head alone; actix-http leaves the body out.
            Method::GET => web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
            ref method => web::method(method.clone()),
        };
        Self {
            method,
            path,
            operation,
            route: route.to(handler),
        }
    }

    pub fn get<F, Args>(path: &'static str, handler: F, operation: Operation) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::GET, path, handler, operation)
    }

    pub fn post<F, Args>(path: &'static str, handler: F, operation: Operation) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::POST, path, handler, operation)
    }

    pub fn patch<F, Args>(path: &'static str, handler: F, operation: Operation) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::PATCH, path, handler, operation)
    }

    pub fn delete<F, Args>(path: &'static str, handler: F, operation: Operation) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        Self::new(Method::DELETE, path, handler, operation)
    }
}

/// One resource per path, in the order of `endpoints`; other methods are 405 with `Allow`.
pub fn resources(endpoints: Vec<Endpoint>) -> Vec<Resource> {
    let mut by_path: Vec<(&'static str, Vec<Endpoint>)> = Vec::new();
    for endpoint in endpoints {
        match by_path.iter_mut().find(|(path, _)| *path == endpoint.path) {
            Some((_, same)) => same.push(endpoint),
            None => by_path.push((endpoint.path, vec![endpoint])),
        }
    }
    by_path
        .into_iter()
        .map(|(path, endpoints)| {
            let allowed = allow_header(endpoints.iter().map(|e| e.method.as_str()));
            endpoints
                .into_iter()
                .fold(web::resource(path), |resource, endpoint| {
                    resource.route(endpoint.route)
                })
                .default_service(web::to(move |_: HttpRequest| {
                    let problem = Problem::method_not_allowed(&allowed);
                    async move { Err::<String, Problem>(problem) }
                }))
        })
        .collect()
}

/// The value of `Allow` for these methods.
pub fn allow_header<'a>(methods: impl Iterator<Item = &'a str>) -> String {
    let mut allowed: Vec<&str> = methods.collect();
    if allowed.contains(&"GET") {
        allowed.push("HEAD");
    }
    allowed.sort_unstable();
    allowed.dedup();
    allowed.join(", ")
}

#[cfg(test)]
mod tests {
    use actix_web::{App, http::StatusCode, test};

    use super::*;
    use crate::{pack::routes::RESERVED_API, transport::http::all_endpoints};

    #[::core::prelude::v1::test]
    fn no_pack_can_take_a_path_of_the_hub_under_api() {
        for endpoint in all_endpoints() {
            if let Some(rest) = endpoint.path.strip_prefix("/api/") {
                let word = rest.split('/').next().unwrap();
                assert!(RESERVED_API.contains(&word), "{}", endpoint.path);
            }
        }
    }

    #[actix_web::test]
    async fn every_path_is_routed_and_refuses_other_methods_with_allow() {
        let scope = resources(all_endpoints())
            .into_iter()
            .fold(web::scope(""), |scope, resource| scope.service(resource));
        let app = test::init_service(App::new().service(scope)).await;
        for endpoint in all_endpoints() {
            let path = endpoint.path.replace(['{', '}'], "");
            let request = test::TestRequest::with_uri(&path)
                .method(Method::PUT)
                .to_request();
            let response = test::call_service(&app, request).await;
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{path}");
            let problem = Problem::from_actix(response.response().error().unwrap()).render("r");
            let allow = problem.headers().get("allow").unwrap().to_str().unwrap();
            assert!(
                allow.split(", ").any(|m| m == endpoint.method.as_str()),
                "{path}: {allow}"
            );
        }
    }

    #[actix_web::test]
    async fn a_path_that_is_not_ours_is_left_to_the_pack() {
        let scope = resources(all_endpoints())
            .into_iter()
            .fold(web::scope(""), |scope, resource| scope.service(resource))
            .default_service(web::to(|| async { "pack" }));
        let app = test::init_service(App::new().service(scope)).await;
        for path in ["/patients/7", "/api/unknown", "/api/tables", "/api/me/"] {
            let request = test::TestRequest::with_uri(path).to_request();
            assert_eq!(test::call_and_read_body(&app, request).await, "pack", "{path}");
        }
    }
}
