// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

/**
 * @title What one public transaction for each settlement record costs
 * @notice Three ways that `npm run bench:gas` measures ours against. A record has the seven fields that a settlement needs
 * in any of them.
 */
contract PaperRecords is EIP712 {
    /**
     * @notice One settlement between an aggregator and a prosumer.
     * @param aggregator Who settles.
     * @param prosumer With whom.
     * @param energy In Wh.
     * @param price In micro-units per kWh.
     * @param reward In micro-units.
     * @param time Unix seconds.
     * @param period Service period in seconds.
     */
    struct Settled {
        address aggregator;
        address prosumer;
        uint256 energy;
        uint256 price;
        uint256 reward;
        uint256 time;
        uint256 period;
    }

    bytes32 private constant TYPEHASH = keccak256(
        "Settled(address aggregator,address prosumer,uint256 energy,uint256 price,uint256 reward,uint256 time,uint256 period)"
    );

    Settled[] private _records;

    event RecordSettled(address indexed aggregator, address indexed prosumer, uint256 energy, uint256 price, uint256 reward, uint256 time, uint256 period);

    error WrongSignature(address party);

    constructor() EIP712("Paper records", "1") {}

    /// @notice As in the research: the record is kept in storage, and an event tells of it.
    function store(Settled calldata record) external {
        _records.push(record);
        _tell(record);
    }

    /// @notice Only the event.
    function log(Settled calldata record) external {
        _tell(record);
    }

    /// @notice The event, after both signatures were checked.
    function logSigned(Settled calldata record, bytes calldata sigAggregator, bytes calldata sigProsumer) external {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(TYPEHASH, record)));
        if (ECDSA.recoverCalldata(digest, sigAggregator) != record.aggregator) revert WrongSignature(record.aggregator);
        if (ECDSA.recoverCalldata(digest, sigProsumer) != record.prosumer) revert WrongSignature(record.prosumer);
        _tell(record);
    }

    function _tell(Settled calldata record) private {
        emit RecordSettled(
            record.aggregator, record.prosumer, record.energy, record.price, record.reward, record.time, record.period
        );
    }
}
