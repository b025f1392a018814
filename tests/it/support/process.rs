//! The real executable in a process of its own, which can be killed and weighed.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use ga4gh_gateway::{
    auth::DevelopmentIssuer,
    domain::{Role, SystemClock},
};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{TestService, client::WesClient, eventually::eventually, ports::free_port};

/// The real executable, which can be killed.
pub(crate) struct Process {
    config: PathBuf,
    data_dir: PathBuf,
    address: SocketAddr,
    /// Held while the process is replaced.
    child: Mutex<Child>,
}

impl Process {
    /// Starts a gateway that keeps all it has in a folder.
    pub(crate) async fn start(folder: &Path, services: &[&TestService]) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let config = json!({
            "data_dir": folder.join("data"),
            "server": {"listen": address.to_string(), "ops_listen": "127.0.0.1:0"},
            "gateway": {"poll_min": "100ms", "poll_max": "500ms", "lost_after": "3s"},
            "health": {"interval": "1s", "retry_interval": "500ms"},
            "services": services.iter().map(|service| service.config.clone()).collect::<Vec<_>>(),
        });
        let file = folder.join("gateway.toml");
        std::fs::write(&file, to_toml(&config)).expect("the folder can be written");
        let child = run(&file);
        wait_for(address).await;
        let data_dir = folder.join("data");
        Self { config: file, data_dir, address, child: Mutex::new(child) }
    }

    /// The API, as this caller.
    pub(crate) fn client(&self, subject: &str) -> WesClient {
        let issuer = DevelopmentIssuer::open(&self.data_dir, Arc::new(SystemClock))
            .expect("the gateway made the key");
        let token = issuer.mint(subject, None, &[Role::Researcher], Duration::from_secs(3600));
        WesClient::new(&format!("http://{}", self.address), Some(token))
    }

    /// The most memory that it ever held, in KiB.
    pub(crate) async fn peak_memory(&self) -> u64 {
        let id = self.child.lock().await.id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status"));
        let status = status.expect("our own child can be looked at");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.split_whitespace().next()?.parse().ok());
        peak.expect("the system tells the peak")
    }

    /// Kills it without a warning, and starts it again over the same folder.
    pub(crate) async fn kill_and_restart(&self) {
        let mut child = self.child.lock().await;
        child.kill().expect("our own child can be killed");
        child.wait().expect("our own child can be waited for");
        *child = run(&self.config);
        wait_for(self.address).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn run(config: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_ga4gh-gateway"))
        .arg("serve")
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the executable was built")
}

async fn wait_for(address: SocketAddr) {
    eventually("the gateway serves", || async {
        tokio::net::TcpStream::connect(address).await.map(drop)
    })
    .await;
}

fn to_toml(config: &Value) -> String {
    toml::to_string(config).expect("the configuration is plain data")
}
