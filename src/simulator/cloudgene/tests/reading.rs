//! Jobs over their life, as their owners see them.

use super::*;

#[tokio::test]
async fn a_job_ends_in_the_state_that_its_input_deserves() {
    for (knob, fields, state, files_expected) in [
        (("outcome", "success"), &[][..], 4, 6),
        (("outcome", "missing_chunks"), &[], 4, 6),
        (("outcome", "validation_error"), &[], 5, 0),
        (("outcome", "qc_error"), &[], 5, 5),
        (("outcome", "init_failure"), &[], 5, 0),
        (("outcome", "success"), &[("mode", "qc_only")], 4, 5),
    ] {
        let sim = Sim::start("cloudgene3", &[knob]).await;

        let id = sim.submit(fields).await;

        let job = sim.settled(&id, state).await;
        assert_eq!(files(&job).len(), files_expected, "{knob:?} {fields:?}");
    }
}

#[tokio::test]
async fn a_panel_that_is_not_offered_fails_the_job_before_its_first_step() {
    for panel in ["apps@samoan@2.0.0", "apps@caapa@2.0.0", "1000G Phase 3 v5 (GRCh37/hg19)"] {
        let sim = Sim::start("cloudgene3", &[]).await;

        let answer = sim.send("imputationserver2", &[("refpanel", panel)], &["chr1.vcf.gz"]).await;
        let said: Value = answer.unwrap().json().await.unwrap();

        let id = said["id"].as_str().unwrap();
        let job = sim.settled(id, 5).await;
        assert_eq!(job["steps"], serde_json::json!([]));
        assert_eq!(sim.status(&format!("/logs/{id}")).await, 500);
    }
}

#[tokio::test]
async fn steps_get_ids_and_times_when_the_job_is_stored() {
    let sim = Sim::start("cloudgene3", &[SLOW]).await;
    let id = sim.submit(&[]).await;

    let running = sim.job(&id).await;
    sim.get(&format!("/api/v2/jobs/{id}/cancel")).await;
    let ended = sim.settled(&id, 6).await;

    assert_eq!(running["state"], 2);
    assert_eq!(running["steps"].as_array().unwrap().len(), 4);
    assert_eq!(running["steps"][0]["id"], 0);
    assert_eq!(running["steps"][0]["logMessages"][0]["time"], 0);
    assert_eq!(running["endTime"], 0);
    assert_ne!(ended["steps"][0]["id"], 0);
    assert_eq!(ended["steps"][0]["logMessages"][0]["time"], ended["endTime"]);
    assert_eq!(ended["deletedOn"], -1);
}

#[tokio::test]
async fn the_older_generation_validates_while_the_job_still_waits() {
    let sim = Sim::start("cloudgene2", &[SLOW]).await;

    let id = sim.submit(&[]).await;

    let job = sim.job(&id).await;
    assert_eq!((&job["state"], &job["setupRunning"]), (&1.into(), &true.into()));
    sim.set("run_ms", "40");
    sim.set("outcome", "validation_error");
    let id = sim.submit(&[]).await;
    let job = sim.settled(&id, 5).await;
    assert_eq!((&job["startTime"], &job["endTime"]), (&0.into(), &0.into()));
    assert!(job["finishedOn"].as_i64().unwrap() > 0);
    let status = sim.json(&format!("/api/v2/jobs/{id}/status")).await;
    assert!(status.get("steps").is_none() && status.get("username").is_none());
}

#[tokio::test]
async fn canceling_an_ended_job_differs_by_generation() {
    for (kind, status) in [("cloudgene3", 200), ("cloudgene2", 404)] {
        let sim = Sim::start(kind, &[]).await;
        let id = sim.submit(&[]).await;
        sim.settled(&id, 4).await;

        let answer = sim.get(&format!("/api/v2/jobs/{id}/cancel")).await;

        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(sim.job(&id).await["state"], 4);
    }
}

#[tokio::test]
async fn a_canceled_running_job_may_look_failed_for_a_moment() {
    let sim = Sim::start("cloudgene3", &[SLOW, ("flicker_on_cancel", "true")]).await;
    let id = sim.submit(&[]).await;

    let canceled = sim.json(&format!("/api/v2/jobs/{id}/cancel")).await;

    assert_eq!(canceled["state"], 6);
    sim.settled(&id, 5).await;
    sim.settled(&id, 6).await;
}

#[tokio::test]
async fn a_restart_of_the_server_kills_jobs_that_can_be_restarted() {
    let sim = Sim::start("cloudgene3", &[SLOW]).await;
    let id = sim.submit(&[]).await;
    let restart = format!("/api/v2/jobs/{id}/restart");
    assert_eq!(sim.status(&restart).await, 400);

    sim.set("restart_now", "true");

    sim.settled(&id, -1).await;
    assert_eq!(sim.status(&restart).await, 200);
    assert_eq!(sim.job(&id).await["state"], 2);
}

#[tokio::test]
async fn a_blocked_queue_keeps_jobs_waiting_in_order() {
    let sim = Sim::start("cloudgene3", &[("block_queue", "true")]).await;
    let first = sim.submit(&[]).await;
    let second = sim.submit(&[]).await;

    let positions = [sim.job(&first).await, sim.job(&second).await]
        .map(|job| (job["state"].as_i64().unwrap(), job["positionInQueue"].as_i64().unwrap()));

    assert_eq!(positions, [(1, 0), (1, 1)]);
    sim.set("block_queue", "false");
    sim.settled(&second, 4).await;
}

#[tokio::test]
async fn only_a_login_deletes_a_job_and_then_it_is_gone() {
    let sim = Sim::start("cloudgene3", &[]).await;
    let id = sim.submit(&[]).await;
    let path = format!("/api/v2/jobs/{id}");
    let refused = sim.call("sim-token", Method::DELETE, &path).await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);

    let login = sim.log_in().await;
    let deleted = sim.call(&login, Method::DELETE, &path).await.unwrap();

    assert_eq!(deleted.status(), StatusCode::OK);
    assert_eq!(sim.status(&path).await, 404);
    assert_eq!(sim.json("/api/v2/jobs").await["count"], 0);
}

#[tokio::test]
async fn the_list_comes_whole_or_in_pages_newest_first() {
    let sim = Sim::start("cloudgene3", &[]).await;
    let mut ids = Vec::new();
    for _ in 0..17 {
        ids.push(sim.submit(&[]).await);
    }
    ids.reverse();
    sim.settled(&ids[0], 4).await;

    let whole = sim.json("/api/v2/jobs").await;
    let second = sim.json("/api/v2/jobs?page=2").await;

    let listed = |page: &Value| -> Vec<String> {
        let jobs = page["data"].as_array().unwrap();
        jobs.iter().map(|job| job["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(listed(&whole), ids);
    assert_eq!(listed(&second), ids[15..]);
    assert_eq!((&second["prev"], &second["pageSize"]), (&1.into(), &15.into()));
    assert_eq!(whole["data"][16]["steps"], serde_json::json!([]));
}

#[tokio::test]
async fn a_stale_list_shows_an_ended_job_as_waiting() {
    let sim = Sim::start("cloudgene3", &[("stale_list", "true")]).await;
    let id = sim.submit(&[]).await;
    sim.settled(&id, 4).await;

    let list = sim.json("/api/v2/jobs").await;

    assert_eq!(list["data"][0]["state"], 1);
}

#[tokio::test]
async fn another_users_job_is_denied() {
    let sim = Sim::start("cloudgene3", &[]).await;
    let id = sim.submit(&[]).await;

    let answer = sim.call("other-token", Method::GET, &format!("/api/v2/jobs/{id}")).await.unwrap();

    assert_eq!(answer.problem().await.message, "Access denied.");
}

#[tokio::test]
async fn times_are_told_by_the_servers_own_clock() {
    let sim = Sim::start("cloudgene3", &[("clock_skew_ms", "3600000")]).await;
    let id = sim.submit(&[]).await;

    let job = sim.job(&id).await;

    let accepted = sim.simulator.submissions.all()[0].accepted_at.as_millisecond();
    let ahead = job["submittedOn"].as_i64().unwrap() - accepted;
    assert!((3_599_000..3_601_000).contains(&ahead), "{ahead}");
}

#[tokio::test]
async fn the_older_pipeline_has_its_own_steps_and_outputs() {
    let sim = Sim::start("cloudgene2", &[]).await;
    let fields = [PANEL, ("population", "eur"), ("mode", "imputation")];

    let answer = sim.send("imputationserver", &fields, &["chr20.vcf.gz"]).await.unwrap();
    let said: Value = answer.json().await.unwrap();

    let job = sim.settled(said["id"].as_str().unwrap(), 4).await;
    let names = |list: &str| -> Vec<String> {
        let items = job[list].as_array().unwrap();
        items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("outputParams"), ["qcreport", "statisticDir", "local", "logfile"]);
    assert_eq!(names("steps").len(), 5);
    assert_eq!(job["outputParams"][2]["files"][0]["name"], "chr_20.zip");
    assert!(job["outputParams"][2]["files"][0].get("count").is_none());
}
