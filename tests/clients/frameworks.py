"""Agents of other authors with the invented model: `frameworks.py FRAMEWORK`, in an environment that has it.

Without B24_MCP_URL the agent starts `b24-mcp` from PATH. OPENAI_BASE_URL is the address of the model.
"""

from __future__ import annotations

import asyncio
import os
import sys
import warnings
from typing import Any

warnings.filterwarnings("ignore")
PROMPT = "Who am I on this portal, and what fails?"
URL = os.environ.get("B24_MCP_URL", "")
HEADERS = {"Authorization": f"Bearer {os.environ.get('B24_HTTP_TOKEN', '')}"}
ENVIRONMENT = dict(os.environ) | {"PYTHONPATH": ""}


async def langchain() -> str:
    """Run an agent of LangChain."""
    from langchain.agents import create_agent
    from langchain_mcp_adapters.client import MultiServerMCPClient
    from langchain_openai import ChatOpenAI

    over_http: Any = {"transport": "streamable_http", "url": URL, "headers": HEADERS}
    started: Any = {"transport": "stdio", "command": "b24-mcp", "args": [], "env": ENVIRONMENT}
    tools = await MultiServerMCPClient({"bitrix24": over_http if URL else started}).get_tools()
    for tool in tools:
        tool.handle_tool_error = True
    agent: Any = create_agent(ChatOpenAI(model="fake-model"), tools)
    return str((await agent.ainvoke({"messages": [("user", PROMPT)]}))["messages"][-1].content)


async def openai_agents() -> str:
    """Run an agent of OpenAI Agents."""
    from agents import Agent, OpenAIResponsesModel, Runner, set_tracing_disabled
    from agents.mcp import MCPServerStdio, MCPServerStreamableHttp
    from openai import AsyncOpenAI

    set_tracing_disabled(True)
    started: Any = {"command": "b24-mcp", "args": [], "env": ENVIRONMENT}
    server: Any = (
        MCPServerStreamableHttp(params={"url": URL, "headers": HEADERS}, client_session_timeout_seconds=60)
        if URL
        else MCPServerStdio(params=started, client_session_timeout_seconds=60)
    )
    async with server:
        model = OpenAIResponsesModel("fake-model", AsyncOpenAI())
        # The strict form of every schema, where the library can make one.
        agent: Any = Agent(name="a", model=model, mcp_servers=[server], mcp_config={"convert_schemas_to_strict": True})
        return str((await Runner.run(agent, PROMPT)).final_output)


async def pydantic_ai() -> str:
    """Run an agent of pydantic-ai."""
    from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
    from pydantic_ai import Agent
    from pydantic_ai.mcp import MCPToolset
    from pydantic_ai.models.openai import OpenAIChatModel

    started = StdioTransport("b24-mcp", [], ENVIRONMENT)
    toolset: Any = MCPToolset(StreamableHttpTransport(URL, headers=HEADERS) if URL else started)
    agent: Any = Agent(OpenAIChatModel("fake-model"), toolsets=[toolset], retries=3)
    async with agent:
        return str((await agent.run(PROMPT)).output)


FRAMEWORKS = {"langchain": langchain, "openai-agents": openai_agents, "pydantic-ai": pydantic_ai}

if __name__ == "__main__":
    sys.stdout.write(asyncio.run(FRAMEWORKS[sys.argv[1]]()) + "\n")
