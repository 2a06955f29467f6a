//! What monitoring, load balancers and operators ask for.

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use crate::{
    health::{Health, Status},
    metrics::Metrics,
};

/// The version of Prometheus' text format that is rendered.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// For the operators' own address: `/livez`, `/readyz` with all reasons, `/metrics`.
pub fn operations_router(health: Health, metrics: Metrics) -> Router {
    Router::new()
        .route("/readyz", get(readiness_in_full))
        .with_state(health.clone())
        .route("/metrics", get(figures))
        .with_state((health, metrics))
        .route("/livez", get(liveness))
}

/// For the public address, where a load balancer looks: `/livez` and `/readyz` with one word, which
/// tells nothing of tenants and reasons.
pub fn public_health_router(health: Health) -> Router {
    Router::new()
        .route("/readyz", get(readiness_in_a_word))
        .with_state(health)
        .route("/livez", get(liveness))
}

/// That this is answered is all there is to say.
async fn liveness() -> Response {
    fresh(StatusCode::OK, "ok")
}

async fn readiness_in_full(State(health): State<Health>) -> Response {
    let report = health.report();
    fresh(code(report.status), Json(report))
}

async fn readiness_in_a_word(State(health): State<Health>) -> Response {
    let status = health.report().status;
    fresh(code(status), status.word())
}

async fn figures(State((health, metrics)): State<(Health, Metrics)>) -> Response {
    health.record();
    ([(header::CONTENT_TYPE, PROMETHEUS_TEXT)], metrics.render()).into_response()
}

fn code(status: Status) -> StatusCode {
    match status {
        Status::Ready | Status::Degraded => StatusCode::OK,
        Status::Unready => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// A response that no proxy may keep.
fn fresh(code: StatusCode, body: impl IntoResponse) -> Response {
    (code, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}
